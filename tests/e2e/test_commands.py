"""Commands between cameras and camspan-view: what each answers by itself, and what its program does."""
import json
import os
import subprocess
import sys
import unittest

import flv
from harness import BUILD, DEADLINE, Case, gst_environment, read_file, wait_for
from test_iv_p2p import CAMERA as IV_CAMERA
from test_iv_p2p import film
from test_view import has_element

VIEW = os.path.join(BUILD, "tools", "camspan-view")
PROGRAM = os.path.join(os.path.dirname(__file__), "p2psink_program.py")
INNER = "action=inner_define&channel=0&cmd="
USER = "action=user_define&channel=0&cmd="


class CommandCase(Case):
    def setUp(self):
        super().setUp()
        self.hub_process = self.hub()
        self.token = self.hub_process.token("live,command", "cam1")
        self.log = os.path.join(self.folder, "camera.log")

    def view(self, *words, token=None):
        """Its exit code, standard output and standard error."""
        done = subprocess.run([VIEW, self.hub_process.url("/whep/cam1", plain=True), "--token", token or self.token, *words],
                              capture_output=True, timeout=DEADLINE)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def ask(self, *commands):
        return self.view(*[word for text in commands for word in ("--command", text)])


@unittest.skipUnless(has_element(), "needs p2psink")
class P2pSink(CommandCase):
    def setUp(self):
        super().setUp()
        hub = self.hub_process
        log = open(self.log, "w")
        self.addCleanup(log.close)
        self.start(sys.executable, PROGRAM, "device-id=cam1", "max-viewers=3",
                   "device-secret-file=" + hub.secret_file, "signaller::uri=wss://localhost:%d/signal" % hub.port,
                   "signaller::ca-file=" + hub.ca, stdout=log, env=gst_environment())
        wait_for(lambda: hub.device()["online"] and hub.device()["live"], "the camera to be live")

    def heard(self):
        return read_file(self.log).decode().splitlines()

    def test_the_program_answers_what_is_its_own(self):
        self.assertEqual(self.ask(USER + "ptz_left"), (0, "left\n", ""))
        self.assertEqual(self.heard(), ["[('action', 'user_define'), ('channel', '0'), ('cmd', 'ptz_left'),"
                                        " ('text', '%sptz_left')]" % USER])
        code, out, _ = self.ask(USER + "long")
        self.assertEqual((code, out), (0, "0123456789" * 20_000 + "\n"), "in parts, and joined")

    def test_several_are_asked_in_turn_until_one_fails(self):
        code, out, errors = self.ask(USER + "ptz_left", USER + "ptz_left", USER + "ptz_right", USER + "ptz_left")
        self.assertEqual((code, out), (1, "left\nleft\n"))
        self.assertIn("409 cannot-move-further", errors)
        self.assertEqual(len(self.heard()), 3)

    def test_a_refusal_says_why(self):
        for text, reason in ((USER + "fly", "404 unknown-command"), (USER + "nothing", "500 no-reply"),
                             (INNER + "fly", "404 unknown-command"), (INNER + "get_month_record", "400 bad-request")):
            code, out, errors = self.ask(text)
            self.assertEqual((code, out), (1, ""))
            self.assertIn(reason, errors)
        self.assertEqual(len(self.heard()), 2, "inner_define is none of the program's")

    def test_the_camera_answers_inner_define(self):
        code, out, errors = self.ask(INNER + "get_device_st&type=live", INNER + "get_record_index&start_time=1&end_time=2",
                                     INNER + "get_stats")
        self.assertEqual(code, 0, errors)
        status, index, stats = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(status, [{"status": "0", "appConnectNum": "1", "maxConnectNum": "3"}])
        self.assertEqual(index, {"video_list": []})
        self.assertEqual(stats["state"], "connected")
        self.assertEqual(self.heard(), [])

    def test_while_a_stream_is_watched(self):
        path = os.path.join(self.folder, "live.flv")
        code, out, errors = self.view("--command", USER + "ptz_left", "--out", path, "--seconds", "3")
        self.assertEqual((code, out, errors), (0, "", "left\n"))
        with open(path, "rb") as file:
            pictures = [tag for tag in flv.tags(file.read(), partial=True) if flv.is_picture(tag)]
        self.assertGreater(len(pictures), 10)

    def test_a_token_without_the_right(self):
        code, _, errors = self.view("--command", USER + "ptz_left", token=self.hub_process.token("live", "cam1"))
        self.assertEqual(code, 1)
        self.assertIn("Does the token have the right command?", errors)
        self.assertEqual(self.heard(), [])


class VendorProgram(CommandCase):
    """examples/iv-p2p-camera: by the functions of the vendor, in both directions."""

    def camera(self, *words):
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(film())
        log = open(self.log, "w")
        self.addCleanup(log.close)
        self.start(IV_CAMERA, *words, path, stdout=log, stderr=log,
                   env={**os.environ, "CAMSPAN_HUB": "http://127.0.0.1:%d" % self.hub_process.plain_port,
                        "CAMSPAN_DEVICE_FILE": self.hub_process.secret_file})
        wait_for(lambda: "ready:" in self.said(), "the camera to be ready")

    def said(self):
        return read_file(self.log).decode()

    def test_everything_is_the_programs(self):
        self.camera()
        code, out, errors = self.ask(INNER + "get_device_st&type=live", USER + "ptz_left", "x" * 3000)
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(out, '[{"status":"0","appConnectNum":"0"}]\n' + '{"status":"0"}\n' * 2)
        self.assertIn(": %sptz_left\n" % USER, self.said())

    def test_the_camera_asks_the_viewer(self):
        self.camera("--ask", '{"cmd":"hello"}')
        for words, answer in (((), "does not answer: -308"), (("--reply", '{"status":"0"}'), 'answers {"status":"0"}')):
            viewer = self.start(VIEW, self.hub_process.url("/whep/cam1", plain=True), "--token", self.token, "--out",
                                os.devnull, *words, stderr=subprocess.PIPE)
            wait_for(lambda: answer in self.said(), "the answer: " + answer)
            viewer.terminate()
            self.assertIn('the camera asks {"cmd":"hello"}', viewer.communicate(timeout=DEADLINE)[1].decode())


if __name__ == "__main__":
    unittest.main()
