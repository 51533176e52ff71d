"""A host without any network but loopback: a camera without a hub, and viewers on the same host. Nothing else is on its way
there, so that every packet can be counted."""
import json
import os
import shutil
import subprocess
import unittest

from harness import DEADLINE, ROOT, Case, gst_environment, wait_for
from networks import LoneHost, run
from p2p_watcher import Watcher
from test_page_p2p import Driver

PORT = 8080  # nothing else lives on this host
URL = "http://127.0.0.1:%d" % PORT
PAGE = shutil.which("chromium") and os.path.isdir(os.path.join(ROOT, "tests", "web", "node_modules"))


@unittest.skipUnless(subprocess.run(["gst-inspect-1.0", "p2psink"], env=gst_environment(), capture_output=True).returncode == 0,
                     "built without P2P")
class LoopbackOnly(Case):
    def setUp(self):
        super().setUp()
        try:
            self.host = LoneHost(self)
        except OSError as error:
            self.skipTest("no network can be made here: %s" % error)

    def start_camera(self, properties=""):
        words = ("gst-launch-1.0 -q videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 !"
                 " x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=300 ! h264parse !"
                 " video/x-h264,stream-format=avc,alignment=au ! flvmux streamable=true ! p2psink device-id=door"
                 " signaller=local signaller::port=%d %s" % (PORT, properties))
        self.start(*self.host.words(*words.split()), env=gst_environment())
        wait_for(lambda: subprocess.run(self.host.words("curl", "-sf", URL + "/healthz"), capture_output=True,
                                        timeout=DEADLINE).returncode == 0, "the camera to serve")

    def watch(self, pictures):
        watcher = Watcher(URL + "/whep/door", prefix=self.host.words())
        self.addCleanup(watcher.stop)
        watcher.wait_for_pictures(pictures)
        return watcher

    def test_camspan_view_gets_every_picture(self):
        self.start_camera()
        watcher = self.watch(50)
        self.assertEqual(set(watcher.steps()), {40})
        self.assertTrue(watcher.pictures[0][2], "it begins with a key frame")

    @unittest.skipUnless(PAGE, "chromium or playwright-core is not installed")
    def test_the_page_plays_straight_from_the_camera(self):
        self.start_camera()
        page = Driver(self, URL + "/", prefix=self.host.words())
        page.live("direct")
        page.shows_a_moving_picture("viewer-loopback-only.png")
        self.assertEqual(page.look()["problems"], [])

    def marks(self, properties):
        """Packets of the camera to a viewer: (of DSCP 34, of any other one)"""
        ports = "50000-50099"
        try:
            run(*self.host.words("nft", "-f", "-"), text="""table ip marks {
              chain out { type filter hook output priority filter
                udp sport %s ip dscp 34 counter
                udp sport %s ip dscp != 34 counter
              }
            }""" % (ports, ports))
        except OSError as error:
            self.skipTest("packets cannot be counted here: %s" % error)
        self.start_camera("ice-port-range=%s %s" % (ports, properties))
        self.watch(50)
        told = json.loads(run(*self.host.words("nft", "-j", "list", "table", "ip", "marks")))
        rules = [entry["rule"]["expr"] for entry in told["nftables"] if "rule" in entry]
        return tuple(expression["counter"]["packets"] for rule in rules for expression in rule if "counter" in expression)

    def test_packets_carry_the_dscp_that_is_asked_for(self):
        marked, unmarked = self.marks("qos-dscp=34")
        self.assertGreater(marked, 50)
        self.assertEqual(unmarked, 0)

    def test_packets_carry_no_dscp_unless_it_is_asked_for(self):
        marked, unmarked = self.marks("")
        self.assertEqual(marked, 0)
        self.assertGreater(unmarked, 50)


if __name__ == "__main__":
    unittest.main()
