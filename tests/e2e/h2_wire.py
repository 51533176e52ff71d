"""One end of an HTTP/2 connection whose every frame a test chooses, on hyperframe and hpack."""
import socket
import time

import hpack
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import Frame

from harness import DEADLINE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY_FLAG = 0x1, 0x1, 0x4, 0x8, 0x20
CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
         "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
         "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]


def frame(kind, flags=0, stream=0, payload=b""):
    """Any frame, also one that hyperframe would not make."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def settings(*entries, ack=False, stream=0):
    payload = b"".join(key.to_bytes(2, "big") + value.to_bytes(4, "big") for key, value in entries)
    return frame(SETTINGS, ACK if ack else 0, stream, payload)


def ping(payload=b"12345678", ack=False):
    return frame(PING, ACK if ack else 0, 0, payload)


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, increment.to_bytes(4, "big"))


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


def goaway(last, code=0):
    return frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + code.to_bytes(4, "big"))


def block(fields):
    """A header block that leaves no trace in the table, so that blocks can be made in any order."""
    return hpack.Encoder().encode([hpack.NeverIndexedHeaderTuple(name, value) for name, value in fields], huffman=False)


def headers(stream, fields, end=True, flags=0):
    return frame(HEADERS, flags | END_HEADERS | (END_STREAM if end else 0), stream, block(fields))


def data(stream, payload=b"", end=False):
    return frame(DATA, END_STREAM if end else 0, stream, payload)


class Wire:
    """Sends bytes, and reads frames into `seen`: ("GOAWAY", code), ("RST_STREAM", stream, code), ("HEADERS", stream, status),
    ("DATA", stream, size), ("PING ACK", payload), ..."""

    def __init__(self, connection):
        self.connection = connection
        self.connection.settimeout(DEADLINE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = hpack.Decoder()
        self.buffer = b""
        self.seen = []
        self.ended = False
        self.reset = False

    def send(self, payload, step=None):
        """All at once, or `step` bytes at a time. What a peer that is ending no longer takes is no error."""
        try:
            for at in range(0, len(payload), step or len(payload) or 1):
                self.connection.sendall(payload[at:at + (step or len(payload))])
        except OSError:
            self.reset = True

    def read(self, until, what, deadline=DEADLINE):
        """Reads frames until `until(seen)`, or the end. @return what until() gave"""
        end = time.monotonic() + deadline
        while True:
            value = until(self.seen)
            if value or self.ended:
                return value
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError("waited %d s for %s; came: %s" % (deadline, what, self.seen))
            self.connection.settimeout(left)
            try:
                piece = self.connection.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                piece, self.reset = b"", True
            self.ended = not piece
            self.buffer += piece
            self._parse()

    def read_to_end(self):
        self.read(lambda seen: False, "the end of the connection")

    def _parse(self):
        while len(self.buffer) >= 9:
            size = int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < 9 + size:
                return
            payload = self.buffer[9:9 + size]
            try:
                kind, _ = Frame.parse_frame_header(memoryview(self.buffer[:9]))
                kind.parse_body(memoryview(payload))
            except HyperframeError as error:
                raise AssertionError("a frame that hyperframe cannot read: %r" % error) from error
            self.buffer = self.buffer[9 + size:]
            self.seen.append(self._describe(kind, payload))

    def _describe(self, kind, payload):
        name = type(kind).__name__
        if name == "GoAwayFrame":
            return ("GOAWAY", CODES[kind.error_code])
        if name == "RstStreamFrame":
            return ("RST_STREAM", kind.stream_id, CODES[kind.error_code])
        if name in ("HeadersFrame", "ContinuationFrame"):
            fields = dict(self.decoder.decode(kind.data))
            first = int(fields[":status"]) if ":status" in fields else fields.get(":method")
            return ("HEADERS", kind.stream_id, first)
        if name == "DataFrame":
            return ("DATA", kind.stream_id, len(payload), "END_STREAM" in kind.flags)
        if name == "PingFrame":
            return ("PING ACK" if "ACK" in kind.flags else "PING", payload)
        if name == "SettingsFrame":
            return ("SETTINGS ACK",) if "ACK" in kind.flags else ("SETTINGS", dict(kind.settings))
        if name == "WindowUpdateFrame":
            return ("WINDOW_UPDATE", kind.stream_id, kind.window_increment)
        return (name,)

    def close(self):
        self.connection.close()
