"""camspan-view: watches a camera through a hub, from the command line."""
import os
import subprocess
import unittest

import flv
from harness import BUILD, DEADLINE, Case, Hub, gst_environment, wait_for

VIEW = os.path.join(BUILD, "tools", "camspan-view")
CAMERA = ("videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc tune=zerolatency"
          " key-int-max=25 ! h264parse ! video/x-h264,stream-format=avc,alignment=au ! flvmux streamable=true ! p2psink"
          " device-id=cam1 device-secret-file=%s signaller::uri=wss://localhost:%d/signal signaller::ca-file=%s")


def has_element():
    return subprocess.run(["gst-inspect-1.0", "p2psink"], stdout=subprocess.DEVNULL, env=gst_environment()).returncode == 0


def view(*words):
    done = subprocess.run([VIEW, *words], capture_output=True, text=True, timeout=DEADLINE)
    return done.returncode, done.stderr


class Usage(unittest.TestCase):
    def test_exit_codes(self):
        self.assertEqual(view()[0], 2)
        self.assertEqual(view("--nonsense")[0], 2)
        self.assertEqual(view("ftp://127.0.0.1/")[0], 3)
        self.assertEqual(view("http://127.0.0.1/whep/cam1", "--token-file", "/nonexistent")[0], 3)
        code, words = view("http://127.0.0.1:9/whep/cam1", "--out", "/dev/null")
        self.assertEqual(code, 1)
        self.assertIn("127.0.0.1:9", words)


@unittest.skipUnless(has_element(), "needs p2psink")
class View(Case):
    def setUp(self):
        super().setUp()
        self.hub = Hub(self.folder).start()
        self.addCleanup(self.hub.stop)
        self.token = os.path.join(self.folder, "token")
        with open(self.token, "w") as file:
            file.write(self.hub.view_token + "\n")
        words = CAMERA % (self.hub.secret_file, self.hub.port, self.hub.ca)
        self.camera = subprocess.Popen(["gst-launch-1.0", "-q", *words.split()], env=gst_environment())
        self.addCleanup(self.camera.wait, DEADLINE)
        self.addCleanup(self.camera.terminate)
        wait_for(lambda: self.hub.device()["live"], "the camera to be live")

    def test_writes_flv_with_no_tag_missing(self):
        out = os.path.join(self.folder, "live.flv")
        code, words = view(self.hub.url("/whep/cam1"), "--ca", self.hub.ca, "--token-file", self.token, "--out", out,
                           "--seconds", "6", "--stats")
        self.assertEqual(code, 0, words)
        self.assertIn("relayed=no", words)
        with open(out, "rb") as file:
            pictures = [tag for tag in flv.tags(file.read(), partial=True) if flv.is_picture(tag)]
        self.assertGreater(len(pictures), 25)
        self.assertTrue(flv.is_key(pictures[0]))
        steps = [after.timestamp - before.timestamp for before, after in zip(pictures, pictures[1:])]
        self.assertTrue(all(step == 40 for step in steps), steps)

    def test_timed_messages_make_the_same_stream(self):
        out = os.path.join(self.folder, "timed.flv")
        code, words = view(self.hub.url("/whep/cam1"), "--ca", self.hub.ca, "--token-file", self.token, "--out", out,
                           "--seconds", "6", "--stats", "--timed")
        self.assertEqual(code, 0, words)
        self.assertIn("lost-tags=0 ", words.splitlines()[-1])
        with open(out, "rb") as file:
            tags = list(flv.tags(file.read(), partial=True))
        pictures = [tag for tag in tags if flv.is_picture(tag)]
        self.assertGreater(len(pictures), 25)
        self.assertTrue(flv.is_key(pictures[0]))
        steps = [after.timestamp - before.timestamp for before, after in zip(pictures, pictures[1:])]
        self.assertTrue(all(step == 40 for step in steps), steps)

    def test_says_why_it_is_refused(self):
        code, words = view(self.hub.url("/whep/cam1"), "--ca", self.hub.ca, "--token", "nonsense")
        self.assertEqual(code, 1)
        self.assertIn("token", words)
        code, words = view(self.hub.url("/whep/unknown"), "--ca", self.hub.ca, "--token-file", self.token)
        self.assertEqual(code, 1)
        self.assertIn("unknown", words)


if __name__ == "__main__":
    unittest.main()
