"""The channels of Link Kit devices over TLS: a device that knows no ALPN, and what h2sink says when it is not let in."""
import os
import unittest

import flv

from harness import Case, DEADLINE, gst_environment, read_file
from link_device import DATA, Device, IDENTIFY


class LinkKit(Case):
    def test_a_device_without_alpn_authority_or_end_stream_is_served_for_long(self):
        hub = self.hub()
        film = flv.generate(20)
        device = Device(hub)
        self.addCleanup(device.close)
        self.assertIsNone(device.protocol)
        opened = device.open()
        self.assertEqual(opened[":status"], "200")
        self.assertEqual(list(opened), [":status", "x-request-id", "x-data-stream-id", "x-response-status"])
        # The device believes in 16777215 bytes of either window.
        self.assertEqual(device.settings[4], 16777215)
        self.assertGreaterEqual(device.connection_window, 16777215)
        self.assertGreaterEqual(device.settings[3], 100)
        channel = ("x-data-stream-id", opened["x-data-stream-id"])
        # More requests than streams may be open at once: each was ended by the hub.
        for number in range(110):
            body = b"message %d" % number
            stream = device.request("POST", "/stream/send/" + IDENTIFY,
                                    [("content-length", str(len(body))), channel, *device.sdk()], False)
            device.frame(DATA, 0, stream, body)
            answer = device.answer(stream, lambda answer: answer["reset"] is not None)
            self.assertEqual((dict(answer["head"])[":status"], answer["reset"]), ("200", 0))
        folder = os.path.join(hub.data, "files", "cam1")
        self.assertEqual(sorted(read_file(os.path.join(folder, name)) for name in os.listdir(folder)),
                         sorted(b"message %d" % number for number in range(110)))
        stream = device.request("POST", "/stream/send/" + IDENTIFY,
                                [("content-length", str(len(film))), channel, *device.sdk()], False)
        for at in range(0, len(film), 2048):
            device.frame(DATA, 0, stream, film[at:at + 2048])
        answer = device.answer(stream, lambda answer: answer["reset"] is not None)
        self.assertEqual(answer["reset"], 0)
        self.assertEqual(answer["head"][-2:], [channel, ("x-response-status", "200")])
        self.assertEqual(flv.media(flv.tags(film)), flv.media(flv.tags(hub.recording())))
        stream = device.request("POST", "/stream/close/" + IDENTIFY, [channel, *device.sdk()], True)
        self.assertEqual(dict(device.answer(stream)["head"])[":status"], "200")

    def refused(self, *sink):
        """What gst-launch says of a pipeline that must fail."""
        launched = self.gst_launch("videotestsrc", "is-live=true", "!", "x264enc", "tune=zerolatency", "!", "flvmux",
                                   "streamable=true", "!", *sink)
        out, error = launched.communicate(timeout=DEADLINE)
        self.assertNotEqual(launched.returncode, 0)
        return (out + error).decode()

    def test_h2sink_says_why_it_is_not_let_in(self):
        hub = self.hub()
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w") as file:
            file.write("not the secret\n")
        sink = self.h2sink(hub, mode="stream")
        wrong = [word if not word.startswith("device-secret-file") else "device-secret-file=" + secret for word in sink]
        said = self.refused(*wrong)
        self.assertIn("camspan.cam1", said)
        self.assertIn("does not know a device with these credentials", said)
        self.assertNotIn("not the secret", said)
        stranger = [word if not word.startswith("device-") else word.replace("cam1", "cam2") for word in wrong]
        self.assertIn("does not know a device with these credentials", self.refused(*stranger))
        self.assertIn("is for camspan.cam1, not for camspan.cam2",
                      self.refused(*[word.replace("device-id=cam1", "device-id=cam2") for word in sink]))
        self.assertIn("secret", self.refused("h2sink", "mode=stream", "host=localhost", "device-id=cam1"))
        self.assertIn("host is not set", self.refused("h2sink", "device-id=cam1", "device-secret-file=" + secret))
        self.assertIn("location is not set", self.refused("h2sink", "mode=post"))
        self.assertNotIn("not the secret", hub.log())

    def test_mode_auto_takes_the_board_s_identity_where_nothing_is_set(self):
        hub = self.hub('log_level = "debug"\n')
        path = os.path.join(self.folder, "generated.flv")
        with open(path, "wb") as file:
            file.write(flv.generate(2))
        env = gst_environment()
        env.update(CAMSPAN_HUB=hub.url(""), CAMSPAN_DEVICE_FILE=hub.secret_file, CAMSPAN_CA_FILE=hub.ca)

        def upload(*sink):
            launched = self.gst_launch("filesrc", "location=" + path, "!", *sink, env=env)
            out, error = launched.communicate(timeout=DEADLINE)
            self.assertEqual(launched.returncode, 0, (out + error).decode())

        upload("h2sink")
        self.assertIn("POST /stream/send", hub.log())
        self.assertNotIn("POST /ingest", hub.log())
        # A location is a wish for mode post, whatever the board is called.
        upload(*self.h2sink(hub))
        self.assertIn("POST /ingest/cam1", hub.log())
        upload(*self.h2sink(hub), "mode=stream")
        self.assertEqual(hub.log().count("POST /stream/send"), 2)
        self.assertEqual(hub.log().count("POST /ingest"), 1)


if __name__ == "__main__":
    unittest.main()
