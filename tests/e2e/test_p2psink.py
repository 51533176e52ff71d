"""p2psink and a viewer that is not ours: the whole way from gst-launch-1.0 to FLV in another library's hands."""
import json
import socket
import struct
import unittest
import urllib.request

import flv
from harness import Case, wait_for
from p2p_viewer import P2pViewer, Refused


def join_timed(messages):
    """(kind, timestamp, tag bytes) of camspan-flv-timed messages that came in order and whole."""
    tags, parts = [], []
    for message in messages:
        kind, _, part, count, _, sequence, time = struct.unpack(">BBHHHII", message[:16])
        assert part == len(parts), "a part is missing"
        assert sequence == len(tags), "a tag is missing"
        parts.append(message[16:])
        if len(parts) == count:
            tags.append((kind, time, b"".join(parts)))
            parts = []
    return tags


class P2pSinkCase(Case):
    def pipeline(self, *sink):
        return self.gst_launch("-m", "videotestsrc", "is-live=true", "pattern=ball", "!",
                               "video/x-raw,width=320,height=240,framerate=25/1", "!", "x264enc", "tune=zerolatency",
                               "speed-preset=ultrafast", "key-int-max=25", "bitrate=300", "!", "h264parse", "!", "flvmux",
                               "streamable=true", "!", "p2psink", "device-id=cam1", *sink)

    def check_stream(self, data):
        self.assertEqual(data[:4], b"FLV\x01")
        video = [tag for tag in flv.tags(data, partial=True) if tag.type == flv.VIDEO]
        self.assertTrue(flv.is_config(video[0]), "the decoder's configuration comes first")
        self.assertTrue(flv.is_key(video[1]), "then a key frame")
        times = [tag.timestamp for tag in video if flv.is_picture(tag)]
        gaps = [b - a for a, b in zip(times, times[1:])]
        self.assertGreater(len(gaps), 10)
        self.assertTrue(all(gap == 40 for gap in gaps), "every frame, 40 ms apart: %s" % gaps)


class ByHub(P2pSinkCase):
    def setUp(self):
        super().setUp()
        self.hub_process = self.hub()
        # Its certificate is for localhost; the plain port is for the viewer.
        self.viewer_token = self.hub_process.token("live,command", "cam1")
        self.whep = self.hub_process.url("/whep/cam1", plain=True)

    def start_camera(self):
        hub = self.hub_process
        camera = self.pipeline("device-secret-file=" + hub.secret_file, "signaller=hub",
                               "signaller::uri=wss://localhost:%d/signal" % hub.port, "signaller::ca-file=" + hub.ca)
        wait_for(lambda: hub.device()["online"] and hub.device()["live"], "the camera to be live")
        return camera

    def view(self, **options):
        return P2pViewer(self.whep, self.viewer_token, **options)

    def test_a_viewer_gets_every_frame(self):
        self.start_camera()
        viewer = self.view()
        self.addCleanup(viewer.leave)
        viewer.wait_for_bytes(100_000)
        self.check_stream(viewer.bytes_of())
        device = self.hub_process.device()
        self.assertEqual(device["viewers"], 1)
        self.assertEqual(device["video"]["codec"], "h264")
        self.assertEqual(device["video"]["width"], 320)

    def test_timed_messages_make_the_same_stream(self):
        self.start_camera()
        viewer = self.view(protocol="camspan-flv-timed")
        self.addCleanup(viewer.leave)
        viewer.wait_for_bytes(60_000)
        tags = join_timed(viewer.received[viewer.labels[0]])
        self.assertEqual(tags[0][2][:4], b"FLV\x01")
        kinds = [kind for kind, _, _ in tags]
        self.assertIn(2, kinds)
        self.assertLess(kinds.index(1), kinds.index(2))
        self.assertGreater(kinds.count(3), 20)

    def test_two_viewers_and_one_that_leaves(self):
        self.start_camera()
        first, second = self.view(), self.view()
        self.addCleanup(second.leave)
        first.wait_for_bytes(30_000)
        second.wait_for_bytes(30_000)
        first.leave()
        wait_for(lambda: self.hub_process.device()["viewers"] == 1, "the camera to forget the viewer")
        before = len(second.bytes_of())
        second.wait_for_bytes(before + 30_000)
        self.check_stream(second.bytes_of())

    def test_what_is_refused_says_why(self):
        self.start_camera()
        bad = ["no grammar", "action=live&channel=9", "action=playback&start=1"]
        viewer = self.view(labels=("action=live", *bad))
        self.addCleanup(viewer.leave)
        viewer.wait(lambda: len(viewer.notes) >= 3 and len(viewer.closed) >= 3, "the refusals")
        self.assertEqual(sorted(body[2:].decode() for _, _, body in viewer.notes),
                         ["bad-request no grammar", "not-allowed action=playback&start=1",
                          "unknown-channel action=live&channel=9"])
        self.assertTrue(all(kind == 3 and number == 0 for kind, number, _ in viewer.notes))
        self.assertEqual(viewer.closed, set(bad))
        viewer.wait_for_bytes(30_000)

    def test_the_hub_is_killed_and_the_picture_goes_on(self):
        self.start_camera()
        viewer = self.view()
        self.addCleanup(viewer.leave)
        viewer.wait_for_bytes(30_000)
        self.hub_process.kill()
        before = len(viewer.bytes_of())
        viewer.wait_for_bytes(before + 100_000)
        self.hub_process.start()
        wait_for(lambda: self.hub_process.device()["viewers"] == 1, "the camera to be back with its viewer")
        self.check_stream(viewer.bytes_of())

    def test_a_token_without_the_right_is_refused(self):
        self.start_camera()
        self.viewer_token = self.hub_process.token("playback", "cam1")
        with self.assertRaises(Refused) as refused:
            self.view()
        self.assertEqual(refused.exception.status, 403)


class ByItself(P2pSinkCase):
    """signaller=local: no hub, and 127.0.0.1 alone."""

    def start_camera(self, *options):
        # current-port is a property that a gst-launch-1.0 user sees with -v.
        probe = socket.socket()
        self.addCleanup(probe.close)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))  # bound, without listening: the port is the camera's
        self.port = probe.getsockname()[1]
        self.pipeline("signaller=local", "signaller::port=%d" % self.port, *options)
        wait_for(self.is_up, "the camera to serve")

    def is_up(self):
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/healthz" % self.port, timeout=5) as answer:
                return json.load(answer)["device"] == "cam1"
        except OSError:
            return False

    def view(self, **options):
        return P2pViewer("http://127.0.0.1:%d/whep/cam1" % self.port, **options)

    def test_a_viewer_gets_every_frame(self):
        self.start_camera()
        viewer = self.view()
        self.addCleanup(viewer.leave)
        viewer.wait_for_bytes(100_000)
        self.check_stream(viewer.bytes_of())

    def test_one_viewer_too_many_is_refused(self):
        self.start_camera("max-viewers=1")
        viewer = self.view()
        self.addCleanup(viewer.leave)
        viewer.wait_for_bytes(30_000)
        with self.assertRaises(Refused) as refused:
            self.view()
        self.assertEqual(refused.exception.status, 503)
        self.assertIn("max-viewers", refused.exception.body)

    def test_without_the_token_nobody_is_let_in(self):
        self.start_camera("signaller::auth-token=secret")
        with self.assertRaises(Refused) as refused:
            self.view()
        self.assertEqual(refused.exception.status, 401)
        viewer = self.view(token="secret")
        self.addCleanup(viewer.leave)
        viewer.wait_for_bytes(30_000)


if __name__ == "__main__":
    unittest.main()
