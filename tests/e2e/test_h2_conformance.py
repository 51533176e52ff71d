"""HTTP/2 by the sections of RFC 9113: what is sent, and what must come back. The hub as server, h2sink as client; the other
side is Debian's python3-h2 and hyperframe."""
import os
import socket
import ssl
import threading
import unittest

import h2.config
import h2.connection
import h2.events

import flv
from h2_wire import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PREFACE, PRIORITY,
                     PRIORITY_FLAG, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, Wire, block, data, frame, goaway,
                     headers, ping, reset, settings, window_update)
from harness import Case, DEADLINE

# What a row expects. Where RFC 9113 leaves a choice, every code that it allows is named.
def connection_error(*codes):
    """GOAWAY with one of these, then the end of the connection (section 5.4.1)."""
    return ("connection error", codes)


def stream_error(*codes, stream=1):
    """RST_STREAM with one of these, and the connection goes on (section 5.4.2)."""
    return ("stream error", codes, stream)


def answer(status, stream=1):
    return ("answer", status, stream)


ALIVE = ("alive",)
CLOSED = ("closed",)
MARK = b"are you?"
BASE = [(":method", "GET"), (":scheme", "http"), (":authority", "hub.example"), (":path", "/healthz")]
POST = [(":method", "POST"), (":scheme", "http"), (":authority", "hub.example"), (":path", "/ingest/cam1"),
        ("content-type", "application/octet-stream")]


def get(*more, without=(), **changed):
    """A request for /healthz with other or without some pseudo-header fields."""
    fields = [(name, changed.get(name[1:], value)) for name, value in BASE if name[1:] not in without]
    return fields + list(more)


def request(*more, **changed):
    return headers(1, get(*more, **changed))


WHOLE = block(BASE)
# A window of 0: the answer's body waits, and the stream stays half-closed.
HELD = settings((4, 0)) + headers(1, BASE)


def server_rows(token):
    post = POST + [("authorization", "Bearer " + token)]
    upload = headers(1, post, end=False)
    long = [("x-long", "v" * 300)]
    return [
        ("3.4", "a preface and SETTINGS", b"", ALIVE),
        ("3.4", "another frame before SETTINGS", ("no settings", ping()), connection_error("PROTOCOL_ERROR")),
        ("4.1", "a frame of unknown type", frame(0x77, 0xff, 0, b"abc") + frame(0x77, 0xff, 1, b"abc"), ALIVE),
        ("4.1", "flags without a meaning", frame(PING, 0xfe, 0, b"12345678"), ALIVE),
        ("4.1", "the reserved bit of a stream identifier", frame(PING, 0, 0x80000000, b"12345678"), ALIVE),
        ("4.2", "a DATA frame of 16,384 bytes", upload + data(1, bytes(16384)), ALIVE),
        ("4.2", "a DATA frame of 16,385 bytes", upload + data(1, bytes(16385)), connection_error("FRAME_SIZE_ERROR")),
        ("4.2", "a HEADERS frame of 16,385 bytes", frame(HEADERS, END_HEADERS, 1, bytes(16385)),
         connection_error("FRAME_SIZE_ERROR")),
        ("4.3", "a header block that is none", frame(HEADERS, 5, 1, b"\x00\x00\xff\xff\xff\xff\xff"),
         connection_error("COMPRESSION_ERROR")),
        ("4.3", "an index outside the tables", frame(HEADERS, 5, 1, b"\xff\x00"), connection_error("COMPRESSION_ERROR")),
        ("4.3", "a table larger than we allowed", frame(HEADERS, 5, 1, b"\x3f\xe2\x1f" + WHOLE),
         connection_error("COMPRESSION_ERROR")),
        ("4.3", "a change of the table size after a field", frame(HEADERS, 5, 1, WHOLE + b"\x20"),
         connection_error("COMPRESSION_ERROR")),
        ("4.3", "a header block with PRIORITY in the middle", frame(HEADERS, END_STREAM, 1, WHOLE[:10]) +
         frame(PRIORITY, 0, 3, bytes(5)), connection_error("PROTOCOL_ERROR")),
        ("4.3", "a header block with HEADERS of another stream in the middle",
         frame(HEADERS, END_STREAM, 1, WHOLE[:10]) + headers(3, BASE), connection_error("PROTOCOL_ERROR")),
        ("4.3", "a header block with DATA in the middle", frame(HEADERS, 0, 1, WHOLE[:10]) + data(1, b"x"),
         connection_error("PROTOCOL_ERROR")),
        ("5.1", "DATA on an idle stream", data(1, b"x", True), connection_error("PROTOCOL_ERROR")),
        ("5.1", "RST_STREAM on an idle stream", reset(1), connection_error("PROTOCOL_ERROR")),
        ("5.1", "WINDOW_UPDATE on an idle stream", window_update(1, 1), connection_error("PROTOCOL_ERROR")),
        ("5.1", "PRIORITY on an idle stream", frame(PRIORITY, 0, 5, bytes(5)) + headers(1, BASE), answer(200)),
        ("5.1", "DATA on a half-closed stream", HELD + data(1, b"x"), connection_error("STREAM_CLOSED")),
        ("5.1", "HEADERS on a half-closed stream", HELD + headers(1, BASE), connection_error("STREAM_CLOSED")),
        ("5.1", "WINDOW_UPDATE on a half-closed stream", HELD + window_update(1, 10000), answer(200)),
        ("5.1", "DATA on a stream that we reset", upload + reset(1) + data(1, b"x", True), ALIVE),
        ("5.1", "WINDOW_UPDATE and RST_STREAM on a closed stream", upload + reset(1) + window_update(1, 1) + reset(1), ALIVE),
        ("5.1.1", "an even stream", headers(2, BASE), connection_error("PROTOCOL_ERROR")),
        ("5.1.1", "a stream below one that was opened", headers(5, BASE) + headers(3, BASE), connection_error("PROTOCOL_ERROR")),
        ("5.1.1", "the largest stream identifier", headers(0x7fffffff, BASE), answer(200, 0x7fffffff)),
        ("5.1.2", "more streams than allowed at once", settings((4, 0)) + b"".join(headers(n, BASE) for n in range(1, 203, 2)),
         stream_error("REFUSED_STREAM", stream=201)),
        ("5.5", "an unknown frame in a header block", frame(HEADERS, END_STREAM, 1, WHOLE) + frame(0x77, 0, 1, b"abc") +
         frame(CONTINUATION, END_HEADERS, 1), connection_error("PROTOCOL_ERROR")),
        ("6.1", "DATA on stream 0", data(0, b"x"), connection_error("PROTOCOL_ERROR")),
        ("6.1", "padding of the whole DATA frame and more", upload + frame(DATA, PADDED, 1, b"\x05abc"),
         connection_error("PROTOCOL_ERROR")),
        ("6.1", "good padding", upload + frame(DATA, PADDED | END_STREAM, 1, b"\x03abc\0\0\0"), answer(200)),
        ("6.2", "HEADERS on stream 0", headers(0, BASE), connection_error("PROTOCOL_ERROR")),
        ("6.2", "padding of the whole HEADERS frame and more", frame(HEADERS, PADDED | 5, 1, b"\xff" + WHOLE),
         connection_error("PROTOCOL_ERROR")),
        ("6.2", "good padding and a priority", frame(HEADERS, PADDED | PRIORITY_FLAG | 5, 1, b"\x02" + bytes(5) + WHOLE + b"\0\0"),
         answer(200)),
        ("6.3", "PRIORITY on stream 0", frame(PRIORITY, 0, 0, bytes(5)), connection_error("PROTOCOL_ERROR")),
        ("6.3", "PRIORITY of 4 bytes", HELD + frame(PRIORITY, 0, 1, bytes(4)), connection_error("FRAME_SIZE_ERROR")),
        ("6.4", "RST_STREAM on stream 0", reset(0), connection_error("PROTOCOL_ERROR")),
        ("6.4", "RST_STREAM of 3 bytes", HELD + frame(RST_STREAM, 0, 1, bytes(3)), connection_error("FRAME_SIZE_ERROR")),
        ("6.5", "SETTINGS on a stream", settings(stream=1), connection_error("PROTOCOL_ERROR")),
        ("6.5", "SETTINGS ACK with a payload", frame(SETTINGS, ACK, 0, bytes(6)), connection_error("FRAME_SIZE_ERROR")),
        ("6.5", "SETTINGS of 5 bytes", frame(SETTINGS, 0, 0, bytes(5)), connection_error("FRAME_SIZE_ERROR")),
        ("6.5.2", "ENABLE_PUSH = 2", settings((2, 2)), connection_error("PROTOCOL_ERROR")),
        ("6.5.2", "INITIAL_WINDOW_SIZE = 2^31", settings((4, 1 << 31)), connection_error("FLOW_CONTROL_ERROR")),
        ("6.5.2", "MAX_FRAME_SIZE = 16,383", settings((5, 16383)), connection_error("PROTOCOL_ERROR")),
        ("6.5.2", "MAX_FRAME_SIZE = 2^24", settings((5, 1 << 24)), connection_error("PROTOCOL_ERROR")),
        ("6.5.2", "every setting at its bound", settings((1, 0xffffffff), (2, 1), (3, 0xffffffff), (4, 0x7fffffff), (5, 16777215),
                                                          (6, 0xffffffff)), ALIVE),
        ("6.5.2", "unknown settings", settings((0x77, 1), (0xffff, 2)), ALIVE),
        ("6.5.3", "two SETTINGS", settings((4, 100)) + settings((4, 200)), ("acknowledged", 3)),
        ("6.6", "PUSH_PROMISE from a client", upload + frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + WHOLE),
         connection_error("PROTOCOL_ERROR")),
        ("6.7", "PING on a stream", frame(PING, 0, 1, bytes(8)), connection_error("PROTOCOL_ERROR")),
        ("6.7", "PING of 6 bytes", frame(PING, 0, 0, bytes(6)), connection_error("FRAME_SIZE_ERROR")),
        ("6.7", "an answer to no PING", ping(ack=True), ALIVE),
        ("6.8", "GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), connection_error("PROTOCOL_ERROR")),
        ("6.8", "GOAWAY with a request under way", HELD + goaway(0) + window_update(1, 1000), ("answer, then the end", 200)),
        ("6.9", "WINDOW_UPDATE of 0 for the connection", window_update(0, 0), connection_error("PROTOCOL_ERROR")),
        ("6.9", "WINDOW_UPDATE of 0 for a stream", HELD + window_update(1, 0), connection_error("PROTOCOL_ERROR")),
        ("6.9", "WINDOW_UPDATE of 3 bytes", frame(WINDOW_UPDATE, 0, 0, bytes(3)), connection_error("FRAME_SIZE_ERROR")),
        ("6.9.1", "a connection window over 2^31-1", window_update(0, 0x7fffffff), connection_error("FLOW_CONTROL_ERROR")),
        ("6.9.1", "a stream window over 2^31-1", upload + window_update(1, 0x7fffffff),
         stream_error("FLOW_CONTROL_ERROR")),
        ("6.9.1", "a window of 1", settings((4, 1)) + headers(1, BASE), ("first DATA", 1)),
        ("6.9.2", "a window that SETTINGS make larger", HELD + settings((4, 1)), ("first DATA", 1)),
        ("6.9.2", "a window below 0", settings((4, 3)) + headers(1, BASE) + settings((4, 0)) + window_update(1, 4), ("DATA in all", 4)),
        ("6.9.2", "SETTINGS that take a window over 2^31-1", upload + window_update(1, 0x7fffffff - 65535) + settings((4, 65536)),
         connection_error("FLOW_CONTROL_ERROR")),
        ("6.10", "a header block in three frames", frame(HEADERS, END_STREAM, 1, WHOLE[:5]) + frame(CONTINUATION, 0, 1, WHOLE[5:20]) +
         frame(CONTINUATION, END_HEADERS, 1, WHOLE[20:]), answer(200)),
        ("6.10", "CONTINUATION on stream 0", frame(HEADERS, END_STREAM, 1, WHOLE[:5]) + frame(CONTINUATION, END_HEADERS, 0, WHOLE[5:]),
         connection_error("PROTOCOL_ERROR")),
        ("6.10", "CONTINUATION after the end of a block", headers(1, BASE) + frame(CONTINUATION, END_HEADERS, 1, WHOLE),
         connection_error("PROTOCOL_ERROR")),
        ("6.10", "CONTINUATION out of nothing", frame(CONTINUATION, END_HEADERS, 1, WHOLE), connection_error("PROTOCOL_ERROR")),
        ("6.10", "CONTINUATION on another stream", frame(HEADERS, END_STREAM, 1, WHOLE[:5]) +
         frame(CONTINUATION, END_HEADERS, 3, WHOLE[5:]), connection_error("PROTOCOL_ERROR")),
        ("7", "RST_STREAM with a code that nobody knows", HELD + reset(1, 0xff), ALIVE),
        ("7", "GOAWAY with a code that nobody knows", goaway(0, 0xff), CLOSED),
        ("8.1", "trailers", upload + data(1, b"x") + headers(1, [("x-sum", "1")]), answer(200)),
        ("8.1", "trailers that do not end the stream", upload + headers(1, [("x-sum", "1")], end=False), stream_error("PROTOCOL_ERROR")),
        ("8.1", "a pseudo-header field in trailers", upload + headers(1, [(":path", "/")]), stream_error("PROTOCOL_ERROR")),
        ("8.1.1", "less body than content-length says", headers(1, post + [("content-length", "5")], end=False) + data(1, b"four", True),
         stream_error("PROTOCOL_ERROR")),
        ("8.1.1", "more body than content-length says", headers(1, post + [("content-length", "3")], end=False) + data(1, b"four", True),
         stream_error("PROTOCOL_ERROR")),
        ("8.1.1", "a content-length that is no number", headers(1, post + [("content-length", "a")], end=False),
         stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "an upper-case field name", request(("X-Upper", "1")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "a field name with a space", request(("x upper", "1")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "a field name with a colon", request(("x:y", "1")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "no field name", request(("", "1")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "a field value with CR LF", request(("x", "1\r\ny: 2")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "a field value with NUL", request(("x", "1\0")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "a field value that begins with a space", request(("x", " 1")), stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "a field value that ends with a tab", request(("x", "1\t")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "connection", request(("connection", "close")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "keep-alive", request(("keep-alive", "1")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "proxy-connection", request(("proxy-connection", "close")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "transfer-encoding", request(("transfer-encoding", "chunked")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "upgrade", request(("upgrade", "h2c")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "te: gzip", request(("te", "gzip")), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "te: trailers", request(("te", "trailers")), answer(200)),
        ("8.3", "an unknown pseudo-header field", headers(1, [(":x", "1")] + BASE), stream_error("PROTOCOL_ERROR")),
        ("8.3", "the pseudo-header field of an answer", headers(1, [(":status", "200")] + BASE), stream_error("PROTOCOL_ERROR")),
        ("8.3", "a pseudo-header field after others", headers(1, [("x", "1")] + BASE), stream_error("PROTOCOL_ERROR")),
        ("8.3", "a pseudo-header field twice", headers(1, [(":method", "GET")] + BASE), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "no :method", request(without=("method",)), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "no :scheme", request(without=("scheme",)), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "no :path", request(without=("path",)), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "an empty :path", request(path=""), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "a :path without a slash", request(path="healthz"), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", ":path * of a GET", request(path="*"), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "an :authority with a user", request(authority="me@hub.example"), stream_error("PROTOCOL_ERROR")),
        ("8.3.1", "no :authority", request(without=("authority",)), answer(200)),
        ("8.5", "CONNECT with a path", request(method="CONNECT"), stream_error("PROTOCOL_ERROR")),
        ("8.5", "CONNECT to nowhere", request(method="CONNECT", without=("scheme", "path", "authority")), stream_error("PROTOCOL_ERROR")),
        ("8.5", "CONNECT", request(method="CONNECT", without=("scheme", "path")), answer(501)),
        ("RFC 8441 4", ":protocol where it was not announced",
         headers(1, [(":method", "CONNECT"), (":protocol", "websocket")] + BASE[1:]), stream_error("PROTOCOL_ERROR")),
        ("10.5.1", "a head over 16,384 bytes", request(*(long * 50)), answer(431)),
    ]


class Rows(Case):
    def expect(self, wire, expected, mark):
        """Reads until what `expected` names has come, then that the connection goes on or ends as it must."""
        kind = expected[0]
        if kind == "connection error":
            wire.read_to_end()
            self.assertIn(("GOAWAY", wire_code(wire)), [("GOAWAY", code) for code in expected[1]], wire.seen)
            return
        if kind == "closed":
            wire.read_to_end()
            return
        if kind == "stream error":
            found = wire.read(lambda seen: [f for f in seen if f[0] == "RST_STREAM" and f[1] == expected[2]], "RST_STREAM")
            self.assertTrue(found, wire.seen)
            self.assertIn(found[0][2], expected[1], wire.seen)
        elif kind == "answer":
            found = wire.read(lambda seen: [f for f in seen if f[0] == "HEADERS" and f[1] == expected[2]], "the answer")
            self.assertTrue(found, wire.seen)
            self.assertEqual(found[0][2], expected[1], wire.seen)
        elif kind == "answer, then the end":
            wire.read_to_end()
            self.assertIn(("HEADERS", 1, expected[1]), wire.seen)
            self.assertNotIn("RST_STREAM", [f[0] for f in wire.seen])
            return
        elif kind == "acknowledged":
            wire.read(lambda seen: seen.count(("SETTINGS ACK",)) == expected[1], "acknowledgements")
        elif kind == "first DATA":
            found = wire.read(lambda seen: [f for f in seen if f[0] == "DATA"], "DATA")
            self.assertEqual(found[0][2], expected[1], wire.seen)
        elif kind == "DATA in all":
            wire.read(lambda seen: sum(f[2] for f in seen if f[0] == "DATA") >= expected[1], "DATA")
        if mark:
            wire.send(ping(MARK))
        wire.read(lambda seen: ("PING ACK", MARK) in seen, "the answer to a PING")
        self.assertIn(("PING ACK", MARK), wire.seen)
        self.assertNotIn("GOAWAY", [f[0] for f in wire.seen])
        if kind in ("alive", "answer"):
            allowed = [f for f in wire.seen if f[0] == "RST_STREAM" and f[2] != "NO_ERROR"]
            self.assertEqual(allowed, [])
        if kind == "DATA in all":
            self.assertEqual(sum(f[2] for f in wire.seen if f[0] == "DATA"), expected[1])


def wire_code(wire):
    codes = [f[1] for f in wire.seen if f[0] == "GOAWAY" and f[1] != "NO_ERROR"]
    return codes[-1] if codes else None


class HubConformance(Rows):
    def connect(self, hub):
        return Wire(socket.create_connection(("127.0.0.1", hub.plain_port), DEADLINE))

    def test_table(self):
        hub = self.hub()
        for section, title, sent, expected in server_rows(hub.upload_token):
            outcomes = []
            for step in (None, 1):
                with self.subTest(section=section, sent=title, bytes_at_a_time=step or "all"):
                    whole = PREFACE + (sent[1] if isinstance(sent, tuple) else settings() + sent)
                    wire = self.connect(hub)
                    self.addCleanup(wire.close)
                    # Bodies of many thousand bytes are cut at odd places rather than everywhere.
                    wire.send(whole, step and (1 if len(whole) < 3000 else 97))
                    self.expect(wire, expected, mark=True)
                    wire.close()
                    # Of the rest, an answer may be on its way or not when the row is over.
                    kinds = ("GOAWAY", "RST_STREAM", "HEADERS")[:{"connection error": 1, "answer": 3}.get(expected[0], 2)]
                    outcomes.append([f for f in wire.seen if f[0] in kinds and f[2:] != ("NO_ERROR",)])
            if len(outcomes) == 2:
                with self.subTest(section=section, sent=title, same="byte by byte"):
                    self.assertEqual(sorted(outcomes[0]), sorted(outcomes[1]))
        self.assertEqual(hub.get("/healthz")[0], 200)

    def test_9_2_tls(self):
        hub = self.hub()

        def shake(version, ciphers=None, alpn=("h2",)):
            context = ssl.create_default_context(cafile=hub.ca)
            context.minimum_version = context.maximum_version = version
            if ciphers:
                context.set_ciphers(ciphers)
            context.set_alpn_protocols(list(alpn))
            with socket.create_connection(("127.0.0.1", hub.port), DEADLINE) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as secure:
                    return secure.selected_alpn_protocol()

        self.assertEqual(shake(ssl.TLSVersion.TLSv1_3), "h2")
        self.assertEqual(shake(ssl.TLSVersion.TLSv1_2), "h2")
        for name, arguments in [("TLS 1.1", (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")),
                                ("a cipher of appendix A", (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256")),
                                ("no forward secrecy", (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256"))]:
            with self.subTest(name):
                with self.assertRaises(OSError):
                    shake(*arguments)

    def test_a_client_by_h2(self):
        """An upload by a client that others wrote, over TLS, and what the hub stored of it."""
        hub = self.hub()
        film = flv.generate(5)
        context = ssl.create_default_context(cafile=hub.ca)
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection(("127.0.0.1", hub.port), DEADLINE)
        secure = context.wrap_socket(plain, server_hostname="localhost")
        self.addCleanup(secure.close)
        client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        client.initiate_connection()
        client.send_headers(1, [(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/ingest/cam1"),
                                ("content-type", "video/x-flv"), ("authorization", "Bearer " + hub.upload_token)])
        sent, status, body, ended = 0, None, b"", False
        secure.settimeout(DEADLINE)
        while not ended:
            while sent < len(film) and client.local_flow_control_window(1) > 0:
                size = min(client.local_flow_control_window(1), client.max_outbound_frame_size, len(film) - sent)
                client.send_data(1, film[sent:sent + size], end_stream=sent + size == len(film))
                sent += size
            secure.sendall(client.data_to_send())
            for event in client.receive_data(secure.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    client.acknowledge_received_data(event.flow_controlled_length, 1)
                elif isinstance(event, h2.events.StreamEnded):
                    ended = True
                self.assertNotIsInstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated))
        self.assertEqual(status, "200", body)
        sent_media = [tag.data for tag in flv.media(flv.tags(film))]
        self.assertEqual([tag.data for tag in flv.media(flv.tags(hub.recording()))], sent_media)


def client_rows():
    ok = [(":status", "200")]
    held = headers(1, ok, end=False)
    push = frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + WHOLE)
    return [
        ("3.4", "another frame before SETTINGS", ("no settings", ping()), connection_error("PROTOCOL_ERROR")),
        ("3.4", "HTTP/1.1", ("no settings", b"HTTP/1.1 400 Bad Request\r\n\r\n"), connection_error("FRAME_SIZE_ERROR", "PROTOCOL_ERROR")),
        ("4.1", "a frame of unknown type", frame(0x77, 0xff, 0, b"abc"), ALIVE),
        ("4.2", "a DATA frame of 16,385 bytes", held + data(1, bytes(16385)), connection_error("FRAME_SIZE_ERROR")),
        ("4.3", "a header block that is none", frame(HEADERS, END_HEADERS, 1, b"\xff\x00"), connection_error("COMPRESSION_ERROR")),
        ("4.3", "a header block with PING in the middle", frame(HEADERS, 0, 1, block(ok)) + ping(), connection_error("PROTOCOL_ERROR")),
        ("5.1", "DATA on an idle stream", data(3, b"x"), connection_error("PROTOCOL_ERROR")),
        ("5.1", "HEADERS on an idle stream", headers(3, ok), connection_error("PROTOCOL_ERROR")),
        ("5.1", "RST_STREAM on an idle stream", reset(3), connection_error("PROTOCOL_ERROR")),
        ("5.1", "WINDOW_UPDATE on an idle stream", window_update(3, 1), connection_error("PROTOCOL_ERROR")),
        ("5.1.1", "a stream that the server opens", headers(2, ok), connection_error("PROTOCOL_ERROR")),
        ("6.1", "DATA on stream 0", data(0, b"x"), connection_error("PROTOCOL_ERROR")),
        ("6.1", "padding of the whole DATA frame and more", held + frame(DATA, PADDED, 1, b"\x05abc"), connection_error("PROTOCOL_ERROR")),
        ("6.4", "RST_STREAM of 3 bytes", frame(RST_STREAM, 0, 1, bytes(3)), connection_error("FRAME_SIZE_ERROR")),
        ("6.5", "SETTINGS on a stream", settings(stream=1), connection_error("PROTOCOL_ERROR")),
        ("6.5", "SETTINGS ACK with a payload", frame(SETTINGS, ACK, 0, bytes(6)), connection_error("FRAME_SIZE_ERROR")),
        ("6.5.2", "ENABLE_PUSH = 1 from a server", settings((2, 1)), connection_error("PROTOCOL_ERROR")),
        ("6.5.2", "INITIAL_WINDOW_SIZE = 2^31", settings((4, 1 << 31)), connection_error("FLOW_CONTROL_ERROR")),
        ("6.5.2", "MAX_FRAME_SIZE = 16,383", settings((5, 16383)), connection_error("PROTOCOL_ERROR")),
        ("6.5.2", "MAX_FRAME_SIZE = 2^24", settings((5, 1 << 24)), connection_error("PROTOCOL_ERROR")),
        ("6.5.2", "unknown settings", settings((0x77, 1)), ALIVE),
        ("RFC 8441 3", "ENABLE_CONNECT_PROTOCOL = 2", settings((8, 2)), connection_error("PROTOCOL_ERROR")),
        ("RFC 8441 3", "ENABLE_CONNECT_PROTOCOL taken back", settings((8, 1)) + settings((8, 0)), connection_error("PROTOCOL_ERROR")),
        ("6.6", "PUSH_PROMISE", push, connection_error("PROTOCOL_ERROR")),
        ("6.7", "PING on a stream", frame(PING, 0, 1, bytes(8)), connection_error("PROTOCOL_ERROR")),
        ("6.7", "PING of 6 bytes", frame(PING, 0, 0, bytes(6)), connection_error("FRAME_SIZE_ERROR")),
        ("6.8", "GOAWAY on a stream", frame(GOAWAY, 0, 1, bytes(8)), connection_error("PROTOCOL_ERROR")),
        ("6.9", "WINDOW_UPDATE of 0 for the connection", window_update(0, 0), connection_error("PROTOCOL_ERROR")),
        ("6.9.1", "a connection window over 2^31-1", window_update(0, 0x7fffffff) + window_update(0, 0x7fffffff),
         connection_error("FLOW_CONTROL_ERROR")),
        ("6.9.1", "a stream window over 2^31-1", window_update(1, 0x7fffffff) + window_update(1, 0x7fffffff),
         stream_error("FLOW_CONTROL_ERROR")),
        ("6.10", "CONTINUATION out of nothing", frame(CONTINUATION, END_HEADERS, 1, block(ok)), connection_error("PROTOCOL_ERROR")),
        ("8.1", "1xx before the answer", headers(1, [(":status", "103")], end=False), ALIVE),
        ("8.1", "DATA before HEADERS", data(1, b"x"), connection_error("PROTOCOL_ERROR")),
        ("8.1.1", "more body than content-length says", headers(1, ok + [("content-length", "3")], end=False) + data(1, b"four", True),
         stream_error("PROTOCOL_ERROR")),
        ("8.2.1", "an upper-case field name", headers(1, ok + [("X-Upper", "1")], end=False), stream_error("PROTOCOL_ERROR")),
        ("8.2.2", "transfer-encoding", headers(1, ok + [("transfer-encoding", "chunked")], end=False), stream_error("PROTOCOL_ERROR")),
        ("8.3", "the pseudo-header field of a request", headers(1, ok + [(":path", "/")], end=False), stream_error("PROTOCOL_ERROR")),
        ("8.3.2", "no :status", headers(1, [("x", "1")], end=False), stream_error("PROTOCOL_ERROR")),
        ("8.3.2", ":status twice", headers(1, ok + ok, end=False), stream_error("PROTOCOL_ERROR")),
        ("8.3.2", "a :status that is no number", headers(1, [(":status", "2x0")], end=False), stream_error("PROTOCOL_ERROR")),
    ]


class ClientConformance(Rows):
    """One h2sink for all rows: each row ends its connection, and it comes again. After the last it uploads to h2."""

    def serve(self, listener, rows, results):
        try:
            for index, (section, title, sent, expected) in enumerate(rows):
                connection, _ = listener.accept()
                wire = Wire(connection)
                # The preface is not a frame.
                while len(wire.buffer) < len(PREFACE):
                    wire.buffer += connection.recv(65536)
                if not wire.buffer.startswith(PREFACE):
                    raise AssertionError("no preface: %r" % wire.buffer[:24])
                wire.buffer = wire.buffer[len(PREFACE):]
                wire._parse()
                wire.read(lambda seen: [f for f in seen if f[0] == "HEADERS"], "the request")
                if isinstance(sent, tuple):
                    wire.send(sent[1])
                else:
                    wire.send(settings() + settings(ack=True) + sent, 1 if index % 2 and len(sent) < 3000 else None)
                results.append(wire)
                try:
                    self.expect_of_client(wire, expected)
                    results[-1] = (section, title, None)
                except AssertionError as error:
                    results[-1] = (section, title, error)
                wire.close()
            results.append(self.receive_upload(listener.accept()[0]))
        except Exception as error:  # told by the test, not by a thread that nobody looks at
            results.append(("the server of this test", "", error))

    def expect_of_client(self, wire, expected):
        if expected[0] == "stream error":
            # It takes a new connection after that, so there is nobody to answer a PING.
            wire.read_to_end()
            found = [f for f in wire.seen if f[0] == "RST_STREAM"]
            self.assertTrue(found, wire.seen)
            self.assertIn(found[0][2], expected[1])
        else:
            self.expect(wire, expected, mark=True)

    def receive_upload(self, connection):
        connection.settimeout(DEADLINE)
        server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        server.initiate_connection()
        body, fields = b"", {}
        while True:
            connection.sendall(server.data_to_send())
            for event in server.receive_data(connection.recv(65536)):
                if isinstance(event, h2.events.RequestReceived):
                    fields = dict(event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    server.acknowledge_received_data(event.flow_controlled_length, 1)
                elif isinstance(event, h2.events.StreamEnded):
                    server.send_headers(1, [(":status", "200")], end_stream=True)
                    connection.sendall(server.data_to_send())
                    return (fields, body)

    def test_table(self):
        rows = client_rows()
        film = flv.generate(2)
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(film)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        listener.settimeout(DEADLINE)
        results = []
        server = threading.Thread(target=self.serve, args=(listener, rows, results), daemon=True)
        server.start()
        camera = self.gst_launch("filesrc", "location=" + path, "!", "h2sink",
                                 "location=http://127.0.0.1:%d/upload" % listener.getsockname()[1], "reconnect-delay=1",
                                 "reconnect-delay-max=5", "replay-time=3600000000000", "drain-timeout=600000")
        server.join(8 * DEADLINE)
        self.assertFalse(server.is_alive(), results[-1:])
        for section, title, problem in results[:-1]:
            with self.subTest(section=section, sent=title):
                if problem:
                    raise problem
        self.assertEqual(len(results), len(rows) + 1, results[-1])
        fields, body = results[-1]
        self.assertEqual(fields[":method"], "POST")
        self.assertEqual([tag.data for tag in flv.media(flv.tags(body))], [tag.data for tag in flv.media(flv.tags(film))])
        out, error = camera.communicate(timeout=DEADLINE)
        self.assertEqual(camera.returncode, 0, (out + error).decode())


if __name__ == "__main__":
    unittest.main()
