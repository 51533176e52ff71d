"""A camera and camspan-view in networks of their own: behind routers that translate addresses, with a TURN server between."""
import os
import subprocess
import time
import unittest

import flv
import networks
from harness import BUILD, DEADLINE, HUB, Case, gst_environment, read_file, wait_for
from networks import CENTRE, CONE, NO_UDP, SYMMETRIC, Networks, figures
from test_p2p_loopback_only import PAGE
from test_page_p2p import Driver

VIEW = os.path.join(BUILD, "tools", "camspan-view")
SECRET = "turn-secret-of-the-test"
REASON = networks.why_not()


@unittest.skipIf(REASON, "no networks can be made here: %s" % REASON)
class P2pNetworks(Case):
    def setUp(self):
        super().setUp()
        self.networks = Networks(self)
        self.networks.turn_server(SECRET)

    def start_hub(self, *transports):
        """In the centre, with the TURN server over these transports; "stun" for STUN alone."""
        secret = os.path.join(self.folder, "turn-secret")
        with open(secret, "w") as file:
            file.write(SECRET + "\n")
        turn = ", ".join('{ url = "turn:%s:3478?transport=%s", secret_file = "%s" }' % (CENTRE, one, secret)
                         for one in transports if one != "stun")
        self.server = self.hub('allow_plain = true\n[ice]\nstun = ["stun:%s:3478"]\nturn = [%s]\n' % (CENTRE, turn), start=False)
        read_end, write_end = os.pipe()
        log = open(os.path.join(self.server.folder, "hub.log"), "w")
        self.addCleanup(log.close)
        self.server.log_path = log.name
        self.server.process = self.start(
            *self.networks.words(self.networks.centre, HUB, "--config", self.server.config, "--listen", CENTRE + ":8443",
                                 "--plain", CENTRE + ":8080", "--ready-fd", str(write_end)),
            stdout=log, stderr=log, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as ready:
            self.assertTrue(ready.readline(), "the hub has started")

    def start_camera(self, home, *properties, messages=False):
        log = open(os.path.join(self.folder, "camera.log"), "w")
        self.addCleanup(log.close)
        self.camera_log = log.name
        words = ("videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc tune=zerolatency"
                 " key-int-max=25 bitrate=300 ! h264parse ! flvmux streamable=true ! p2psink device-id=cam1"
                 " device-secret-file=%s signaller::uri=ws://%s:8080/signal" % (self.server.secret_file, CENTRE))
        camera = self.start(*self.networks.words(home, "gst-launch-1.0", "-m" if messages else "-q", *words.split(), *properties),
                            env=gst_environment(), stdout=log, stderr=log)
        self.wait_until_live()
        return camera

    def wait_until_live(self):
        def live():
            asked = subprocess.run(
                self.networks.words(self.networks.centre, "curl", "-s", "-H", "Authorization: Bearer " + self.server.view_token,
                                    "http://%s:8080/api/devices/cam1" % CENTRE), capture_output=True, text=True, timeout=DEADLINE)
            return '"live":true' in asked.stdout.replace(" ", "")
        wait_for(live, "the camera to be live")

    def start_viewer(self, home, *words):
        """The figures go to the file `self.figures`, the stream to `self.stream`."""
        self.stream = os.path.join(self.folder, "live.flv")
        self.figures = os.path.join(self.folder, "figures")
        with open(self.figures, "w") as told:
            return self.start(*self.networks.words(home, VIEW, "http://%s:8080/whep/cam1" % CENTRE, "--token",
                                                   self.server.view_token, "--out", self.stream, "--stats", *words), stderr=told)

    def page_at(self, home):
        return Driver(self, "http://%s:8080/?token=%s#/cam1" % (CENTRE, self.server.view_token), self.networks.words(home))

    def figures_now(self):
        with open(self.figures) as told:
            lines = told.read().splitlines()
        return figures(lines[-1]) if lines else {}

    def check(self, camera, viewer, transports, forward="", relayed="no"):
        """Two homes whose routers translate so; watches for a while. @return its last figures"""
        self.start_hub(*transports)
        self.start_camera(self.networks.home("camera", camera, forward))
        watching = self.start_viewer(self.networks.home("viewer", viewer, forward), "--seconds", "5")
        self.assertEqual(watching.wait(DEADLINE), 0, open(self.figures).read())
        told = self.figures_now()
        self.assertGreater(int(told["bytes"]), 50_000, told)
        self.assertEqual(told["relayed"], relayed, told)
        return told

    def test_direct_where_routers_keep_ports(self):
        told = self.check(CONE, CONE, ["udp"])
        self.assertNotIn("relay", told["path"])
        self.assertRegex(told["path"], "srflx|prflx")

    def test_direct_with_stun_alone(self):
        self.check(CONE, CONE, ["stun"])

    def test_by_turn_where_both_routers_are_symmetric(self):
        told = self.check(SYMMETRIC, SYMMETRIC, ["udp"], relayed="yes")
        self.assertIn("relay", told["path"])

    def test_by_turn_over_tcp_where_udp_does_not_pass(self):
        told = self.check(CONE, CONE, ["udp", "tcp"], forward=NO_UDP, relayed="yes")
        self.assertIn("relay", told["path"])

    def test_by_tcp_to_the_camera_where_udp_does_not_pass(self):
        self.start_hub("stun")
        self.start_camera(self.networks.centre, "ice-tcp=true")
        viewer = self.networks.home("viewer", CONE, NO_UDP)
        watching = self.start_viewer(viewer, "--seconds", "6")
        self.assertEqual(watching.wait(DEADLINE), 0, read_file(self.figures).decode())
        self.assertGreater(int(self.figures_now()["bytes"]), 50_000)
        self.assertRegex(read_file(self.figures).decode().splitlines()[-1], r"path=\S+/host tcp relayed=no")
        if not PAGE:
            self.skipTest("only camspan-view: chromium or playwright-core is not installed")
        page = self.page_at(viewer)
        page.live("direct")
        page.plays(1)
        page.ask("statistics")
        seen, _ = page.wait("the statistics", lambda seen: seen["statistics"].get("How"))
        self.assertEqual(seen["statistics"]["How"], "Direct, TCP")

    def test_not_at_all_without_turn_where_both_routers_are_symmetric(self):
        self.start_hub("stun")
        self.start_camera(self.networks.home("camera", SYMMETRIC))
        viewer = self.start_viewer(self.networks.home("viewer", SYMMETRIC), "--seconds", "5")
        viewer.wait(DEADLINE)
        self.assertEqual(self.figures_now()["path"], "-")

    def check_move(self, who, translation=CONE):
        """The host of one side gets another address; the picture goes on, on the same channel. @return the seconds it took"""
        self.start_hub("udp")
        homes = {"camera": self.networks.home("camera", translation), "viewer": self.networks.home("viewer", translation)}
        self.start_camera(homes["camera"])
        viewer = self.start_viewer(homes["viewer"], "--seconds", "60")
        wait_for(lambda: self.pictures() > 50, "the stream")
        before = self.networks.address(homes[who])
        self.networks.move(homes[who], before.rsplit(".", 1)[0] + ".77", before)
        moved, shown = time.monotonic(), self.pictures()
        # More than what may have been on its way.
        wait_for(lambda: self.pictures() > shown + 5, "the picture to go on")
        took = time.monotonic() - moved
        wait_for(lambda: self.figures_now().get("restarts") == "1", "the figures to tell of it")
        self.assertIsNone(viewer.poll())
        viewer.terminate()
        self.assertEqual(viewer.wait(DEADLINE), 0)
        pictures = [tag for tag in flv.tags(read_file(self.stream), partial=True) if flv.is_picture(tag)]
        steps = [after.timestamp - before.timestamp for before, after in zip(pictures, pictures[1:])]
        self.assertGreater(min(steps), 0, "one stream, in order")
        print("%s moved: the picture went on after %.2f s" % (who, took))
        self.assertLess(took, 3)

    def pictures(self):
        data = read_file(self.stream) if os.path.exists(self.stream) else b""
        return sum(flv.is_picture(tag) for tag in flv.tags(data, partial=True)) if len(data) > 13 else 0

    @unittest.skipUnless(PAGE, "chromium or playwright-core is not installed")
    def test_a_camera_that_moves_keeps_chromium(self):
        """The picture goes on, and the camera has seen one viewer."""
        self.start_hub("udp")
        camera, viewer = self.networks.home("camera", CONE), self.networks.home("viewer", CONE)
        self.start_camera(camera, messages=True)
        page = self.page_at(viewer)
        page.live("direct")
        page.plays(1)
        before = self.networks.address(camera)
        shown = page.look()["time"]
        self.networks.move(camera, before.rsplit(".", 1)[0] + ".77", before)
        # More than what may have been on its way, or waits in the page.
        _, took = page.wait("the picture to go on", lambda seen: seen["time"] > shown + 1)
        print("the camera moved: the page's picture went on within %.2f s" % took)
        self.assertLess(took, 6)
        self.assertEqual(page.look()["way"], "direct")
        page.plays(1)
        self.assertEqual(read_file(self.camera_log).count(b"viewer-added"), 1, "the same channels")

    def test_a_camera_that_moves_keeps_its_viewer(self):
        self.check_move("camera")

    def test_a_viewer_that_moves_keeps_its_picture(self):
        self.check_move("viewer")

    def test_a_camera_that_moves_behind_a_relay_keeps_its_viewer(self):
        self.check_move("camera", SYMMETRIC)


if __name__ == "__main__":
    unittest.main()
