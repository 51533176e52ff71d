"""The viewer page in Chromium, live straight from p2psink: through a hub's signalling, and from the camera's own page."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

import flv
from harness import BUILD, Case, DEADLINE, ROOT, gst_environment, read_file, wait_for
from p2p_viewer import P2pViewer, request

VIEW = os.path.join(BUILD, "tools", "camspan-view")
LONG = 150_000  # bytes: some seconds of what direct_camera() makes
PROGRAM = os.path.join(os.path.dirname(__file__), "p2psink_program.py")


class Driver:
    """A page that answers questions: tests/web/drive.mjs."""

    def __init__(self, case, url, prefix=()):
        self.process = case.start(*prefix, "node", os.path.join(ROOT, "tests", "web", "drive.mjs"), url, "--loopback",
                                  stdin=subprocess.PIPE, text=True)
        case.addCleanup(self.close)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the page's driver ended: " + self.process.stderr.read())
        return json.loads(line)

    def ask(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        return self.answer()

    def look(self):
        return self.ask("look")

    def wait(self, what, condition, deadline=DEADLINE):
        """Polls the page; returns what it looked like, and the seconds that it took."""
        begin = time.monotonic()
        seen = {}
        end = begin + deadline
        while time.monotonic() < end:
            seen = self.look()
            if condition(seen):
                return seen, time.monotonic() - begin
            time.sleep(0.02)
        raise AssertionError("waited %d s for %s; the page: %s" % (deadline, what, seen))

    def live(self, way):
        return self.wait("live, " + way, lambda page: page["state"] == "live" and page["way"] == way)

    def plays(self, seconds):
        begin = self.look()["time"]
        return self.wait("the picture to go on", lambda page: page["state"] == "live" and page["time"] > begin + seconds)

    def shows_a_moving_picture(self, name):
        """Two screenshots differ; the last one is kept as build/NAME."""
        path = os.path.join(ROOT, "build", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.plays(1)
        self.ask("shot " + path)
        self.plays(0.5)
        if not self.ask("shot " + path)["moved"]:
            raise AssertionError("two pictures are the same")

    def close(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.write("quit\n")
                self.process.stdin.close()
                self.process.wait(DEADLINE)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()


@unittest.skipUnless(shutil.which("chromium") and os.path.isdir(os.path.join(ROOT, "tests", "web", "node_modules")),
                     "chromium or playwright-core is not installed: tools/install-dependencies.sh test, tests/web/run.sh")
@unittest.skipUnless(subprocess.run(["gst-inspect-1.0", "p2psink"], env=gst_environment(), capture_output=True).returncode == 0,
                     "built without P2P")
class DirectPage(Case):
    def direct_camera(self, *sink):
        return self.gst_launch(
            "videotestsrc", "is-live=true", "pattern=ball", "!", "video/x-raw,width=320,height=240,framerate=25/1", "!", "x264enc",
            "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "bitrate=300", "!", "h264parse", "!",
            "video/x-h264,stream-format=avc,alignment=au", "!", "flvmux", "streamable=true", "!", *sink)

    def p2psink(self, hub):
        return ["p2psink", "device-secret-file=" + hub.secret_file, "signaller::uri=wss://localhost:%d/signal" % hub.port,
                "signaller::ca-file=" + hub.ca]

    def watched(self, hub):
        """A camera on the hub, and a page that plays it."""
        camera = self.direct_camera(*self.p2psink(hub))
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        page = Driver(self, hub.url("/?token=%s#/cam1" % self.token(hub), plain=True))
        page.live("direct")
        page.plays(1)
        return camera, page

    def token(self, hub):
        return hub.token("live,playback,command", "cam1")

    def test_plays_straight_from_the_camera(self):
        hub = self.hub()
        _, page = self.watched(hub)
        page.shows_a_moving_picture("viewer-direct.png")
        page.ask("statistics")
        seen, _ = page.wait("the statistics", lambda page: page["statistics"].get("How"))
        rows = seen["statistics"]
        self.assertEqual(rows["How"], "Direct, UDP")
        steps = ["Asking the camera", "Finding a path", "Securing", "Opening the stream", "Waiting for a picture"]
        print("\nfirst picture %d ms after navigation; %s" % (seen["firstPictureMs"], ", ".join(
            "%s %s" % (step, rows[step]) for step in steps)))
        self.assertRegex(seen["pill"], r"^Live\s*Direct$")
        self.assertEqual(seen["problems"], [])
        self.assertEqual(hub.device()["viewers"], 1)
        page.close()
        wait_for(lambda: hub.device()["viewers"] == 0, "the camera to know that the page has gone")

    def pictures(self, name, data):
        """{timestamp: payload}; what another player says of the stream is nothing bad."""
        path = os.path.join(self.folder, name + ".flv")
        with open(path, "wb") as file:
            file.write(data)
        played = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"], capture_output=True, text=True,
                                timeout=DEADLINE)
        self.assertEqual((played.returncode, played.stderr), (0, ""), name)
        return {tag.timestamp: tag.data for tag in flv.tags(data, partial=True) if flv.is_picture(tag)}

    def watch_with_webrtcbin(self, hub):
        from webrtcbin_peer import WebrtcbinViewer
        viewer = WebrtcbinViewer("action=live&channel=0")
        self.addCleanup(viewer.stop)
        viewer.kept = bytearray()
        _, answer = request("POST", hub.url("/whep/cam1", plain=True), self.token(hub), viewer.offer().encode(), "application/sdp")
        viewer.take_answer(answer)
        return viewer

    def test_plays_beside_viewers_of_every_kind(self):
        hub = self.hub()
        _, page = self.watched(hub)
        out = os.path.join(self.folder, "view.flv")
        native = self.start(VIEW, hub.url("/whep/cam1", plain=True), "--token", self.token(hub), "--out", out)
        aiortc = P2pViewer(hub.url("/whep/cam1", plain=True), self.token(hub))
        self.addCleanup(aiortc.leave)
        webrtcbin = self.watch_with_webrtcbin(hub)
        wait_for(lambda: hub.device()["viewers"] == 4, "all four viewers")
        webrtcbin.wait(lambda: len(webrtcbin.kept) > LONG)
        aiortc.wait_for_bytes(LONG)
        page.plays(1)
        native.send_signal(signal.SIGINT)
        self.assertEqual(native.wait(DEADLINE), 0)
        with webrtcbin.changed:
            by_webrtcbin = bytes(webrtcbin.kept)
        seen = [self.pictures(name, data) for name, data in (
            ("native", read_file(out)), ("aiortc", aiortc.bytes_of()), ("webrtcbin", by_webrtcbin))]
        begin, end = max(min(each) for each in seen), min(max(each) for each in seen)
        wanted = set(range(begin, end + 1, 40))
        self.assertGreater(len(wanted), 20)
        for each in seen:
            self.assertEqual({timestamp for timestamp in each if begin <= timestamp <= end}, wanted, "no picture is missing")
        self.assertTrue(all(each[timestamp] == seen[0][timestamp] for each in seen for timestamp in wanted), "they are the same")
        page.shows_a_moving_picture("viewer-beside-others.png")
        self.assertEqual(page.look()["problems"], [])

    def test_comes_back_when_the_camera_is_killed_and_started_again(self):
        hub = self.hub()
        camera, page = self.watched(hub)
        camera.kill()
        camera.wait(DEADLINE)
        seen, _ = page.wait("the page to notice", lambda page: page["state"] in ("stalled", "offline"))
        gone, _ = page.wait("offline", lambda page: page["state"] == "offline")
        self.assertRegex(gone["card"], r"^Offline since ")
        begin = time.monotonic()
        self.direct_camera(*self.p2psink(hub))
        wait_for(lambda: hub.device().get("live"), "the camera to be live again")
        camera_back = time.monotonic() - begin
        page.live("direct")
        page.plays(0.5)
        taken = time.monotonic() - begin
        print("\nthe page plays %.1f s after the camera was started again, which took %.1f s itself" % (taken, camera_back))
        self.assertLess(taken - camera_back, 5)

    def test_outlives_the_hub(self):
        hub = self.hub()
        _, page = self.watched(hub)
        hub.kill()
        page.wait("the page to say so", lambda page: page["bar"].startswith("No connection to the hub. Trying again in"))
        page.plays(3)
        self.assertEqual(page.look()["way"], "direct")
        hub.start()
        _, taken = page.wait("the hub to be back", lambda page: page["bar"] == "")
        print("\nthe page found the hub %.1f s after its start; the picture went on" % taken)
        self.assertLess(taken, 5)
        page.plays(1)
        self.assertEqual(page.look()["way"], "direct")

    def test_plays_from_a_camera_without_a_hub(self):
        port = self.hub(start=False).reserve_port()
        self.direct_camera("p2psink", "device-id=door", "signaller=local", "signaller::port=%d" % port)
        origin = "http://127.0.0.1:%d" % port
        wait_for(lambda: subprocess.run(["curl", "-sf", origin + "/healthz"], capture_output=True, timeout=DEADLINE).returncode == 0,
                 "the camera's own page")
        page = Driver(self, origin + "/")
        page.live("direct")
        page.shows_a_moving_picture("viewer-local.png")
        self.assertEqual(page.look()["problems"], [])


    def test_moves_a_camera_by_its_pad(self):
        for local in (False, True):
            with self.subTest(local=local):
                hub = self.hub(start=not local)
                log = os.path.join(self.folder, "moves-%d.log" % local)
                where = hub.reserve_port() if local else 0
                sink = ["device-id=cam1", "signaller=local", "signaller::port=%d" % where] if local else self.p2psink(hub)[1:]
                with open(log, "w") as out:
                    self.start(sys.executable, PROGRAM, "meta=m,ptz=true", *sink, stdout=out, env=gst_environment())
                if local:
                    origin = "http://127.0.0.1:%d" % where
                    wait_for(lambda: subprocess.run(["curl", "-sf", origin + "/healthz"], capture_output=True,
                                                    timeout=DEADLINE).returncode == 0, "the camera's own page")
                    page = Driver(self, origin + "/")
                else:
                    wait_for(lambda: hub.device().get("live") and hub.device().get("ptz"), "the camera to be live")
                    page = Driver(self, hub.url("/?token=%s#/cam1" % self.token(hub), plain=True))
                page.live("direct")
                page.ask("press p")
                page.ask("down ArrowLeft")
                wait_for(lambda: read_file(log).count(b"'ptz_left'") >= 3, "three steps to the left")
                page.ask("up ArrowLeft")
                wait_for(lambda: read_file(log).count(b"'ptz_stop'") == 1, "the end of the movement")
                steps = read_file(log).count(b"'ptz_left'")
                page.ask("press ArrowRight")  # which it refuses
                wait_for(lambda: read_file(log).count(b"'ptz_stop'") == 2, "the end of the other movement")
                self.assertEqual(read_file(log).count(b"'ptz_left'"), steps, "none after the release")
                page.wait("why it did not move", lambda seen: seen["toast"] == "It cannot move further.")
                self.assertEqual(page.look()["problems"], [])
                page.close()


if __name__ == "__main__":
    unittest.main()
