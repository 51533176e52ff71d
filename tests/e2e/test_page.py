"""The viewer page of a real hub in Chromium."""
import json
import os
import shutil
import subprocess
import sys
import time
import unittest
from datetime import datetime, timezone

from harness import Case, DEADLINE, ROOT, gst_environment, wait_for


@unittest.skipUnless(shutil.which("chromium") and os.path.isdir(os.path.join(ROOT, "tests", "web", "node_modules")),
                     "chromium or playwright-core is not installed: tools/install-dependencies.sh test, tests/web/run.sh")
class Page(Case):
    def clock_camera(self, hub, seconds=120):
        frames = self.start(sys.executable, os.path.join(ROOT, "tests", "e2e", "clock_frames.py"), "480", "272", "25",
                            str(seconds), stderr=subprocess.DEVNULL)
        camera = self.gst_launch(
            "fdsrc", "fd=0", "do-timestamp=true", "!", "rawvideoparse", "width=480", "height=272", "framerate=25/1", "format=i420",
            "!", "videoconvert", "!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "bitrate=800",
            "!", "h264parse", "!", "flvmux", "streamable=true", "!", *self.h2sink(hub), stdin=frames.stdout)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        return camera

    def watch(self, url, *more):
        return self.look("watch.mjs", url, os.path.join(ROOT, "build", "viewer-page.png"), *more)

    def look(self, script, *words):
        os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "web", script), *words], capture_output=True, text=True,
                              timeout=180)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_shows_a_moving_picture(self):
        hub = self.hub()
        self.clock_camera(hub)
        for plain in (True, False):
            with self.subTest("http" if plain else "https"):
                seen = self.watch(hub.url("/?token=%s#/cam1" % hub.view_token, plain=plain), "--clock")
                print("\npage open to first picture %d ms; delay to live %s ms" % (seen["firstPictureMs"], seen["delaysMs"]))
                self.assertTrue(seen["moved"], seen)
                self.assertGreater(seen["times"][1], seen["times"][0] + 3, "video.currentTime runs")
                self.assertEqual(seen["problems"], [])
                self.assertEqual(seen["state"], "live")
                # Wide of the budget on purpose: the figures are recorded, not judged, on a busy machine.
                self.assertLess(sorted(seen["delaysMs"])[2], 10000)

    def stretches(self, hub):
        """[start, end] of what is recorded in one piece, in ms; holes of 2 s and more divide."""
        found = []
        for segment in hub.json("/recordings/cam1")["segments"]:
            start, end = (int(datetime.fromisoformat(segment[key].replace("Z", "+00:00")).timestamp() * 1000)
                          for key in ("start", "end"))
            if found and start - found[-1][1] < 2000:
                found[-1][1] = max(found[-1][1], end)
            else:
                found.append([start, end])
        return found

    def filed_late_ms(self, hub, time_ms):
        """How much older the burned-in clock is than the time under which the hub has filed the picture: the way from the
        camera's frame to its first tag, which no viewer can know."""
        at = datetime.fromtimestamp(time_ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        status, headers, flv = hub.get("/recordings/cam1/key.flv?at=" + at, hub.view_token)
        self.assertEqual(status, 200, flv)
        picture = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                                 input=flv, stdout=subprocess.PIPE, timeout=DEADLINE, check=True).stdout
        clock = 0
        for bit in range(24):
            clock = clock * 2 + (picture[8 * 480 + int((bit + 0.5) * 480 / 24)] > 128)
        start = next(value for name, value in headers.items() if name.lower() == "camspan-start")
        filed = int(datetime.fromisoformat(start.replace("Z", "+00:00")).timestamp() * 1000)
        return (filed - clock + (1 << 23)) % (1 << 24) - (1 << 23)

    def test_plays_a_recording_from_the_timeline(self):
        hub = self.hub('[record]\nsegment = "5s"\n')
        first = self.clock_camera(hub)
        wait_for(lambda: self.stretches(hub) and self.stretches(hub)[0][1] - self.stretches(hub)[0][0] > 14000, "15 s", 60)
        first.kill()
        gone = wait_for(lambda: not hub.device()["live"] and self.stretches(hub), "the camera to be gone")[0][1]
        wait_for(lambda: time.time() * 1000 > gone + 8000, "a gap that can be seen")
        self.clock_camera(hub)
        wait_for(lambda: len(self.stretches(hub)) == 2 and self.stretches(hub)[1][1] - self.stretches(hub)[1][0] > 12000,
                 "two stretches", 60)
        (start, end), (again, _) = self.stretches(hub)
        seen = self.look("replay.mjs", hub.url("/?token=%s#/cam1" % hub.view_token, plain=True), str((start + end) // 2),
                         str((end + again) // 2), os.path.join(ROOT, "build", "viewer"))
        late = self.filed_late_ms(hub, (start + end) // 2)
        print("\nclock in the picture: %+d ms from the time of the address, %+d ms from what the page says; filed %d ms after "
              "the clock was drawn; %s" % (seen["fromAskedMs"], seen["offMs"], late, seen["verdict"].replace("\n", ": ")))
        self.assertEqual(seen["problems"], [])
        # A pixel of the track is half a second, and addresses have whole seconds.
        self.assertLess(abs(seen["begun"] - (start + end) // 2), 2000)
        # A GOP of the camera is a second. The page tells whole seconds, rounded down: 500 ms is the middle.
        self.assertLess(abs(seen["offMs"] + late - 500), 1000)
        self.assertLess(abs(seen["fromAskedMs"] + late), 1000 + 2000)  # it plays on until it is held
        self.assertEqual([gap["reason"] for gap in hub.json("/recordings/cam1")["gaps"]], ["offline"])
        self.assertRegex(seen["gap"], r"^Nothing recorded here\n+The camera was offline from \S+ to \S+\.$")
        rows, device = seen["statistics"], seen["device"]
        self.assertEqual(rows["Watching"], str(device["viewers"]))
        self.assertEqual(rows["From the camera"], "%.2f Mbit/s" % (device["bitrate"] / 1e6))
        self.assertEqual(rows["Skipped for slow viewers"], "%d pieces" % device["skipped_tags"])
        self.assertEqual(rows["Let go, took nothing"], "%d viewers" % device["dropped_viewers"])
        self.assertEqual(rows["Video"], "H.264, %d × %d" % (device["video"]["width"], device["video"]["height"]))
        self.assertGreater(device["viewers"], 0)


if __name__ == "__main__":
    unittest.main()
