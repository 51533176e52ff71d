"""The channels of Link Kit devices over TLS: a device that knows no ALPN, and what h2sink says when it is not let in."""
import hashlib
import hmac
import os
import re
import socket
import ssl
import struct
import unittest

import flv
import hpack

from harness import Case, DEADLINE, gst_environment, read_file

IDENTIFY = "iotx/vision/voice/intercom/live"
DATA, HEADERS, RESET, SETTINGS, WINDOW_UPDATE = 0, 1, 3, 4, 8
END_STREAM, END_HEADERS = 1, 4


class Device:
    """Says what the C SDK says, frame by frame: no ALPN, no :authority, no END_STREAM on DATA, one GET for the query."""

    def __init__(self, hub):
        table = dict(re.findall(r'(\w+) = "([^"]*)"', read_file(hub.secret_file).decode()))
        self.key, self.name, self.secret = table["product_key"], table["device_name"], table["secret"]
        context = ssl.create_default_context(cafile=hub.ca)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
        raw = socket.create_connection(("127.0.0.1", hub.port), timeout=DEADLINE)
        self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.protocol = self.socket.selected_alpn_protocol()
        self.decoder = hpack.Decoder()
        self.unread = b""
        self.answers = {}
        self.settings = {}
        self.connection_window = 65535
        self.next_id = 1
        self.acknowledgement_due = False
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.frame(SETTINGS, 0, 0, b"")

    def close(self):
        self.socket.close()

    def frame(self, kind, flags, stream, payload):
        if self.acknowledgement_due:
            # As in the SDK, it leaves with the next thing that is written.
            self.acknowledgement_due = False
            self.frame(SETTINGS, 1, 0, b"")
        self.socket.sendall(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)

    def request(self, method, path, fields, end):
        stream, self.next_id = self.next_id, self.next_id + 2
        head = [(":method", method), (":path", path), (":scheme", "https"), *fields]
        self.frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, hpack.Encoder().encode(head))
        self.answers[stream] = {"head": None, "body": b"", "ended": False, "reset": None}
        return stream

    def read(self):
        more = self.socket.recv(65536)
        if not more:
            raise AssertionError("the hub ended the connection")
        self.unread += more
        while len(self.unread) >= 9 and len(self.unread) >= 9 + int.from_bytes(self.unread[:3], "big"):
            size = int.from_bytes(self.unread[:3], "big")
            kind, flags = self.unread[3], self.unread[4]
            self.take(kind, flags, int.from_bytes(self.unread[5:9], "big"), self.unread[9:9 + size])
            self.unread = self.unread[9 + size:]

    def take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & 1:
            self.acknowledgement_due = True
            self.settings.update(struct.unpack(">HI", payload[at:at + 6]) for at in range(0, len(payload), 6))
        elif kind == WINDOW_UPDATE and stream == 0:
            self.connection_window += int.from_bytes(payload, "big")
        elif kind == HEADERS:
            self.answers[stream].update(head=self.decoder.decode(payload), ended=bool(flags & END_STREAM))
        elif kind == DATA:
            self.answers[stream]["body"] += payload
            self.answers[stream]["ended"] = bool(flags & END_STREAM)
        elif kind == RESET:
            self.answers[stream]["reset"] = int.from_bytes(payload, "big")

    def answer(self, stream, until=lambda answer: answer["ended"]):
        while not until(self.answers[stream]):
            self.read()
        return self.answers[stream]

    def open(self):
        client = "%s.%s" % (self.key, self.name)
        message = "clientId%sdeviceName%sproductKey%s" % (client, self.name, self.key)
        sign = hmac.new(self.secret.encode(), message.encode(), hashlib.sha1).hexdigest()
        stream = self.request("POST", "/stream/open/" + IDENTIFY, [
            ("x-auth-name", "devicename"), ("x-auth-param-client-id", client), ("x-auth-param-signmethod", "hmacsha1"),
            ("x-auth-param-product-key", self.key), ("x-auth-param-device-name", self.name), ("x-auth-param-sign", sign),
            *self.sdk(), ("content-length", "0")], True)
        return dict(self.answer(stream)["head"])

    def sdk(self):
        return [("x-sdk-version", "230"), ("x-sdk-version-name", "2.3.0"), ("x-sdk-platform", "c")]


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
        self.assertIn("no file service", self.refused(*sink, "identify=c/iot/sys/thing/file/upload"))
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
