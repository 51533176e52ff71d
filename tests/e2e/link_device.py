"""A Link Kit device, frame by frame, over TLS."""
import hashlib
import hmac
import re
import socket
import ssl
import struct

import hpack

from harness import DEADLINE, read_file

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

    def open(self, identify=IDENTIFY, more=()):
        client = "%s.%s" % (self.key, self.name)
        message = "clientId%sdeviceName%sproductKey%s" % (client, self.name, self.key)
        sign = hmac.new(self.secret.encode(), message.encode(), hashlib.sha1).hexdigest()
        stream = self.request("POST", "/stream/open/" + identify, [
            ("x-auth-name", "devicename"), ("x-auth-param-client-id", client), ("x-auth-param-signmethod", "hmacsha1"),
            ("x-auth-param-product-key", self.key), ("x-auth-param-device-name", self.name), ("x-auth-param-sign", sign),
            *self.sdk(), ("content-length", "0"), *more], True)
        return dict(self.answer(stream)["head"])

    def sdk(self):
        return [("x-sdk-version", "230"), ("x-sdk-version-name", "2.3.0"), ("x-sdk-platform", "c")]
