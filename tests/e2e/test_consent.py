"""Consent freshness (RFC 7675): a viewer that no longer answers is let go of, though nothing is sent to it."""
import json
import os
import signal
import subprocess
import time
import unittest

from harness import BUILD, DEADLINE, Case, wait_for
from test_view import has_element

VIEW = os.path.join(BUILD, "tools", "camspan-view")
# Seconds without an answer. RFC 7675 section 5.1 allows 30; SCTP asks each 5, and 20 without an answer are the end.
LEAST, MOST = 14, 30
SLACK = 15  # the next check, the next state that the camera tells, a busy machine


@unittest.skipUnless(has_element(), "needs p2psink")
class Consent(Case):
    def idle_viewer(self):
        """One that has asked something, watches nothing, and stays."""
        viewer = self.start(VIEW, self.hub_process.url("/whep/cam1", plain=True), "--token", self.token, "--param", "",
                            "--command", "action=inner_define&cmd=get_stats", "--seconds", "600")
        self.assertEqual(json.loads(viewer.stderr.readline())["state"], "connected")
        return viewer

    def viewers(self):
        return self.hub_process.device()["viewers"]

    def test_an_idle_viewer_that_no_longer_answers_is_let_go_of(self):
        hub = self.hub_process = self.hub()
        self.token = hub.token("live,command", "cam1")
        self.gst_launch("videotestsrc", "is-live=true", "!", "video/x-raw,width=320,height=240,framerate=25/1", "!", "x264enc",
                        "tune=zerolatency", "speed-preset=ultrafast", "bitrate=300", "!", "h264parse", "!", "flvmux",
                        "streamable=true", "!", "p2psink", "device-secret-file=" + hub.secret_file,
                        "signaller::uri=wss://localhost:%d/signal" % hub.port, "signaller::ca-file=" + hub.ca,
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: hub.device()["online"] and hub.device()["live"], "the camera to be live")
        silent, other = self.idle_viewer(), self.idle_viewer()
        wait_for(lambda: self.viewers() == 2, "both viewers")
        silent.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        wait_for(lambda: self.viewers() == 1, "the silent viewer to be let go of", MOST + SLACK)
        took = time.monotonic() - begin
        print("\nlet go of after %.1f s" % took)
        self.assertGreater(took, LEAST, "one lost answer is no reason")
        self.assertIsNone(other.poll(), "the one that answers stays")
        silent.send_signal(signal.SIGCONT)
        # By the camera's closing (0) or by its own count of unanswered heartbeats (1), whichever it comes upon first.
        self.assertIn(silent.wait(DEADLINE), (0, 1), "it learns that it is over")
        self.assertEqual(self.viewers(), 1)


if __name__ == "__main__":
    unittest.main()
