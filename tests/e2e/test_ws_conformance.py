"""RFC 6455 as the case groups of the Autobahn suite go through it: framing, pings, reserved bits, opcodes, fragmentation,
UTF-8, close handling, limits, performance; each wrong thing has its close code."""
import re
import subprocess
import time
import unittest

from harness import DEADLINE, gst_environment
from ws_client import BINARY, CLOSE, PING, PONG, TEXT, Refused, WsClient, close_payload, frame

LIMIT = 1 << 20

VALID_UTF8 = [
    "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!".encode(), "\u03ba\u1f79\u03c3\u03bc\u03b5".encode(), b"\x00",
    "\u0080".encode(), "\u0800".encode(), "\U00010000".encode(), b"\x7f", "\u07ff".encode(), "\uffff".encode(),
    b"\xf4\x8f\xbf\xbf", b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xef\xbf\xbe", "\U0001f600" .encode() * 40]
INVALID_UTF8 = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80",
    b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xf4\x90\x80\x80", b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80\xbf",
    b"\xc0 \xc1 ", b"\xe0 \xe1 ", b"\xf0 \xf1 ", b"\xfe", b"\xff", b"\xfe\xfe\xff\xff", b"\xc0\xaf", b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xed\xa0\x80\xed\xb0\x80"]
CUT_UTF8 = [b"\xce", b"\xce\xba\xe1", b"\xce\xba\xe1\xbd", b"\xf0\x90\x80"]


class Conformance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # No media: what comes is about the protocol alone. Text and binary are both taken with raw.
        cls.sink = subprocess.Popen(
            ["gst-launch-1.0", "-v", "fdsrc", "fd=0", "!", "wsstreamsink", "port=0", "encoding=raw", "path=/appdata",
             "max-clients=64", "max-inbound-message=%d" % LIMIT],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=gst_environment())
        for line in cls.sink.stdout:
            found = re.search(r"current-port = (\d+)", line)
            if found:
                cls.port = int(found.group(1))
                return
        raise AssertionError("wsstreamsink does not listen")

    @classmethod
    def tearDownClass(cls):
        cls.sink.terminate()
        cls.sink.wait(DEADLINE)
        cls.sink.stdin.close()
        cls.sink.stdout.close()

    def connect(self):
        return WsClient(self.port)

    def fine(self, *frames, pieces=(0, 1)):
        """The connection goes on after `frames`, however they are cut."""
        data = b"".join(frames)
        for piece in pieces:
            with self.subTest(piece=piece), self.connect() as client:
                client.send(data, piece)
                self.assertTrue(client.alive())

    def ends(self, code, *frames, pieces=(0, 1)):
        """`frames` are answered by a close frame with `code`, and then by the end."""
        data = b"".join(frames)
        for piece in pieces:
            with self.subTest(piece=piece), self.connect() as client:
                try:
                    client.send(data, piece)
                except ConnectionError:
                    pass  # it was enough already
                self.assertEqual(client.close_code(), code)
                self.assertIsNone(client.close_code(), "nothing after the close frame")

    # 1: framing
    def test_framing_of_every_length_form(self):
        for opcode in (TEXT, BINARY):
            for size in (0, 1, 125, 126, 127, 128, 65535, 65536, 65537):
                with self.subTest(opcode=opcode, size=size):
                    self.fine(frame(opcode, b"*" * size), pieces=(0, 1 if size < 200 else 997))

    def test_every_mask(self):
        for mask in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\2\3\4"):
            self.fine(frame(TEXT, "\u00fcber".encode(), mask=mask))

    def test_unmasked_frames(self):
        for opcode in (TEXT, BINARY, PING, CLOSE):
            self.ends(1002, frame(opcode, b"" if opcode == CLOSE else b"hi", mask=None), pieces=(0,))

    # 2: pings and pongs
    def test_pings_are_answered_with_their_payload(self):
        for payload in (b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125):
            with self.subTest(payload=payload), self.connect() as client:
                self.assertTrue(client.alive(payload))

    def test_ping_over_125_bytes(self):
        self.ends(1002, frame(PING, b"\xfe" * 126))

    def test_pongs_that_nobody_asked_for_are_ignored(self):
        self.fine(frame(PONG))
        self.fine(frame(PONG, b"unsolicited"), frame(PING, b"x"))

    def test_ten_pings_are_answered_in_order(self):
        for piece in (0, 1):
            with self.connect() as client:
                client.send(b"".join(frame(PING, b"payload-%d" % i) for i in range(10)), piece)
                for i in range(10):
                    self.assertEqual(client.read_frame(), (PONG, b"payload-%d" % i))

    # 3: reserved bits
    def test_reserved_bits(self):
        for rsv in range(1, 8):
            for opcode, payload in ((TEXT, b"Hello"), (BINARY, b"Hello"), (PING, b""), (CLOSE, b"")):
                with self.subTest(rsv=rsv, opcode=opcode):
                    self.ends(1002, frame(opcode, payload, rsv=rsv), pieces=(0,))
        self.ends(1002, frame(TEXT, b"Hello, world!"), frame(TEXT, b"Hello", rsv=4), frame(PING))

    # 4: opcodes
    def test_reserved_opcodes(self):
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
            with self.subTest(opcode=opcode):
                self.ends(1002, frame(opcode), pieces=(0,))
                self.ends(1002, frame(TEXT, b"before"), frame(opcode, b"reserved"), frame(PING), pieces=(0, 1))

    # 5: fragmentation
    def test_fragmented_messages(self):
        self.fine(frame(TEXT, b"frag", fin=False), frame(0, b"ment"))
        self.fine(frame(TEXT, b"", fin=False), frame(0, b"", fin=False), frame(0, b""))
        self.fine(frame(BINARY, b"a", fin=False), *[frame(0, b"b", fin=False)] * 20, frame(0, b"c"))

    def test_control_frames_between_fragments(self):
        with self.connect() as client:
            client.send(frame(TEXT, b"frag", fin=False) + frame(PING, b"in between"))
            self.assertEqual(client.read_frame(), (PONG, b"in between"))
            client.send(frame(0, b"ment"))
            self.assertTrue(client.alive())

    def test_fragmented_control_frames(self):
        self.ends(1002, frame(PING, b"frag", fin=False), frame(0, b"ment"))
        self.ends(1002, frame(PONG, b"frag", fin=False), frame(0, b"ment"))
        self.ends(1002, frame(CLOSE, b"", fin=False))

    def test_continuation_of_nothing(self):
        for fin in (True, False):
            self.ends(1002, frame(0, b"non-continuation", fin=fin), frame(TEXT, b"Hello"))
        self.ends(1002, frame(TEXT, b"a", fin=False), frame(0, b"b"), frame(0, b"c"), frame(TEXT, b"Hello"))

    def test_a_new_message_inside_another(self):
        self.ends(1002, frame(TEXT, b"frag", fin=False), frame(TEXT, b"ment"))
        self.ends(1002, frame(TEXT, b"frag", fin=False), frame(BINARY, b"ment", fin=False))

    # 6: UTF-8
    def test_valid_text(self):
        for text in VALID_UTF8:
            with self.subTest(text=text):
                self.fine(frame(TEXT, text), pieces=(0,))

    def test_valid_text_cut_inside_characters(self):
        text = VALID_UTF8[0] + VALID_UTF8[1] + b"\xf4\x8f\xbf\xbf"
        frames = [frame(TEXT, text[:1], fin=False)] + [frame(0, text[i:i + 1], fin=False) for i in range(1, len(text))]
        self.fine(*frames, frame(0, b""))

    def test_invalid_text(self):
        for text in INVALID_UTF8 + CUT_UTF8:
            with self.subTest(text=text):
                self.ends(1007, frame(TEXT, text), pieces=(0,))
                self.ends(1007, frame(TEXT, text[:1], fin=False), frame(0, text[1:]), pieces=(0,))

    def test_binary_need_not_be_text(self):
        for text in INVALID_UTF8:
            self.fine(frame(BINARY, text), pieces=(0,))

    # 7: closing
    def test_close_is_answered_with_its_code(self):
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):
            with self.subTest(code=code):
                self.ends(code, frame(CLOSE, close_payload(code, b"as agreed")), pieces=(0,))

    def test_close_without_a_code(self):
        self.ends(1005, frame(CLOSE))

    def test_nothing_after_a_close_counts(self):
        self.ends(1000, frame(CLOSE, close_payload(1000)), frame(PING, b"late"))
        self.ends(1000, frame(CLOSE, close_payload(1000)), frame(TEXT, b"late"))
        self.ends(1000, frame(TEXT, b"frag", fin=False), frame(CLOSE, close_payload(1000)), frame(0, b"ment"))

    def test_codes_that_may_not_be_sent(self):
        for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535):
            with self.subTest(code=code):
                self.ends(1002, frame(CLOSE, close_payload(code)), pieces=(0,))

    def test_close_reasons(self):
        self.ends(1000, frame(CLOSE, close_payload(1000, b"*" * 123)))
        self.ends(1002, frame(CLOSE, close_payload(1000, b"*" * 124)))
        self.ends(1002, frame(CLOSE, b"\x03"))
        for reason in INVALID_UTF8[:1] + CUT_UTF8[:1]:
            self.ends(1007, frame(CLOSE, close_payload(1000, reason)), pieces=(0,))

    # 9: limits and performance
    def test_messages_up_to_the_limit(self):
        for size in (LIMIT >> 4, LIMIT >> 2, LIMIT):
            self.fine(frame(BINARY, b"\x2a" * size), pieces=(0, 65521))
        self.fine(frame(TEXT, b"*" * (LIMIT >> 1), fin=False), frame(0, b"*" * (LIMIT >> 1)), pieces=(0,))

    def test_messages_over_the_limit(self):
        self.ends(1009, frame(BINARY, b"\x2a" * (LIMIT + 1)), pieces=(0,))
        self.ends(1009, frame(BINARY, b"\x2a" * LIMIT, fin=False), frame(0, b"\x2a"), pieces=(0,))

    def test_lengths_of_64_bits(self):
        head = bytes([0x82, 0xff])
        self.ends(1009, head + (1 << 62).to_bytes(8, "big") + b"\0\0\0\0x", pieces=(0,))
        self.ends(1002, head + b"\xff" * 8 + b"\0\0\0\0", pieces=(0,))

    def test_thousands_of_small_messages(self):
        begin = time.monotonic()
        with self.connect() as client:
            client.send(frame(TEXT, b"*" * 64) * 10000)
            self.assertTrue(client.alive())
            client.send(frame(BINARY, b"*", fin=False) + frame(0, b"*", fin=False) * 10000 + frame(0, b"*"))
            self.assertTrue(client.alive())
        print("\n20,000 frames in %.2f s" % (time.monotonic() - begin))

    # The handshake
    def test_subprotocols_and_extensions_are_not_agreed_to(self):
        with WsClient(self.port, headers=["Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"]) as client:
            self.assertNotIn("sec-websocket-protocol", client.head.lower())
            self.assertNotIn("sec-websocket-extensions", client.head.lower())

    def test_other_origins(self):
        with self.assertRaises(Refused) as refused:
            WsClient(self.port, headers=["Origin: http://elsewhere.example"])
        self.assertEqual(refused.exception.status, 403)


if __name__ == "__main__":
    unittest.main()
