"""Watching: ffprobe, ffplay's library, nghttp, late viewers, many viewers, one that reads nothing."""
import os
import re
import selectors
import socket
import subprocess
import time
import unittest

import flv
from harness import Case, DEADLINE, wait_for


def resident_kib(pid):
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Viewer:
    """A plain HTTP/1.1 viewer on a socket of its own."""

    def __init__(self, hub, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", hub.plain_port))
        self.socket.sendall(("GET /live/cam1.flv HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n" %
                             hub.view_token).encode())
        self.data = bytearray()
        self.ended = False

    def read(self):
        piece = self.socket.recv(65536)
        self.ended = not piece
        self.data += piece

    def body(self):
        head, _, body = bytes(self.data).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b"chunked" not in head.lower()
        return body

    def close(self):
        self.socket.close()


class Watching(Case):
    def live_hub(self, extra="", **camera):
        hub = self.hub(extra)
        self.camera(hub, **camera)
        wait_for(lambda: hub.device().get("live"), "the camera to be live")
        return hub

    def test_ffprobe_and_ffplay_read_live(self):
        hub = self.live_hub()
        url = hub.url("/live/cam1.flv?token=" + hub.view_token, plain=True)
        done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", url],
                              capture_output=True, text=True, timeout=DEADLINE)
        self.assertIn("h264,320,240", done.stdout)
        self.assertIn("aac", done.stdout)
        self.assertEqual(done.stderr, "")
        environment = dict(os.environ, SDL_VIDEODRIVER="dummy", SDL_AUDIODRIVER="dummy")
        player = self.start("ffplay", "-v", "info", "-stats", url, env=environment)
        text = bytearray()

        def clock():
            text.extend(player.stderr.read1(4096))
            clocks = re.findall(rb"([0-9.]+) [AM]-[VA]:", bytes(text))
            return clocks and float(clocks[-1]) - float(clocks[0]) > 1

        wait_for(clock, "ffplay to play for a second", 60)
        self.assertIn(b"Video: h264", text)
        self.assertIn(b"Audio: aac", text)
        self.assertNotIn(b"error", text.lower())

    def test_nghttp_gets_live_over_http2(self):
        hub = self.live_hub()
        viewer = self.start("nghttp", "--no-verify-peer", "-H", "authorization: Bearer " + hub.view_token, hub.url("/live/cam1.flv"))
        data = bytearray()
        wait_for(lambda: data.extend(viewer.stdout.read1(65536)) or len(data) > 50000, "live bytes")
        viewer.kill()
        tags = flv.tags(bytes(data), partial=True)
        self.assertTrue(any(flv.is_key(tag) for tag in tags))

    def test_late_viewer_gets_header_configuration_and_key_frame_first(self):
        hub = self.live_hub()
        for _ in range(3):
            viewer = Viewer(hub)
            wait_for(lambda: viewer.read() or len(viewer.data) > 30000, "live bytes")
            tags = flv.tags(viewer.body(), partial=True)
            self.assertEqual(tags[0].type, flv.SCRIPT)
            self.assertEqual(sorted(tag.type for tag in tags[1:3]), [flv.AUDIO, flv.VIDEO])
            self.assertTrue(all(flv.is_config(tag) for tag in tags[1:3]))
            first_video = next(tag for tag in tags[3:] if tag.type == flv.VIDEO)
            self.assertTrue(flv.is_key(first_video))
            viewer.close()

    def test_fifty_viewers_and_one_that_reads_nothing(self):
        hub = self.live_hub('[limits]\nviewer_queue = "1MiB"\nviewer_delay = "1s"\nviewer_timeout = "2s"\n', pattern="snow", kbit=4000)
        stalled = Viewer(hub, receive_buffer=4096)
        viewers = [Viewer(hub) for _ in range(49)]
        selector = selectors.DefaultSelector()
        for viewer in viewers:
            selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        wait_for(lambda: hub.device()["viewers"] == 50, "fifty viewers")
        before = resident_kib(hub.process.pid)

        def pump():
            for key, _ in selector.select(0.05):
                key.data.read()
            return hub.device()["viewers"]

        # The stalled one fills its socket buffers first, which takes some megabytes at this rate: it counts as stalled
        # from the moment it takes nothing more.
        wait_for(lambda: pump() == 49, "the stalled viewer to be dropped", 90)
        after = resident_kib(hub.process.pid)
        self.assertLess(after - before, 24 * 1024, "the hub's memory stays bounded")
        end = time.monotonic() + 1
        wait_for(lambda: pump() and time.monotonic() > end, "one more second")
        watched = []
        for viewer in viewers:
            self.assertFalse(viewer.ended)
            watched.append(pictures(viewer.body()))
            viewer.close()
        stalled.close()
        # What was recorded says what there was to see; noise makes every picture another one.
        last = max((seen[-1] for seen in watched), key=lambda picture: picture.timestamp)
        recorded = wait_for(lambda: self.recorded_up_to(hub, last), "the recording of what was watched")
        for seen in watched:
            self.assertGreater(len(seen), 25)
            first = recorded.index(seen[0].data)
            self.assertEqual([picture.data for picture in seen], recorded[first:first + len(seen)])

    def recorded_up_to(self, hub, last):
        """Payloads of the recorded pictures, once `last` is among them."""
        status, _, body = hub.get("/recordings/cam1.flv", hub.view_token)
        payloads = [picture.data for picture in pictures(body)] if status == 200 else []
        return payloads if last.data in payloads else None


def pictures(body):
    return [tag for tag in flv.tags(body, partial=True) if flv.is_picture(tag)]


if __name__ == "__main__":
    unittest.main()
