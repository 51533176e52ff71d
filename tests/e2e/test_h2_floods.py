"""Peers that mean harm to a real hub: their connection ends as bridge/proto/h2/limits.hpp says, the hub's memory stays where
it was, and nobody else notices."""
import os
import socket
import subprocess
import threading
import time
import unittest

import flv
from h2_wire import (CONTINUATION, END_HEADERS, END_STREAM, HEADERS, PREFACE, PRIORITY, Wire, block, data, frame, goaway,
                     headers, ping, reset, settings, window_update)
from harness import Case, DEADLINE, wait_for

GET = [(":method", "GET"), (":scheme", "http"), (":authority", "hub.example"), (":path", "/healthz")]
CALM = "ENHANCE_YOUR_CALM"
MEMORY_KB = 8 << 10   # what one attack may cost
SLOWEST_S = 1.0       # what a neighbour may have to wait


def resident_kb(process):
    with open("/proc/%d/status" % process.pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


class Neighbour(threading.Thread):
    """Asks for /healthz without a pause, and writes down how long it took: who is held up has a request under way."""

    def __init__(self, hub):
        super().__init__(daemon=True)
        self.hub, self.times, self.problems, self.over = hub, [], [], threading.Event()

    def run(self):
        while not self.over.is_set():
            begin = time.monotonic()
            try:
                status = self.hub.get("/healthz")[0]
            except OSError as error:
                status = error
            if status != 200:
                self.problems.append(status)
            self.times.append(time.monotonic() - begin)

    def finish(self):
        self.over.set()
        self.join(DEADLINE)


def streams(count):
    return range(1, 2 * count, 2)


def rows(upload_token):
    """name, what is sent again and again, how the connection ends: a code, "" without one, or None when it goes on"""
    upload = [(":method", "POST"), (":scheme", "http"), (":authority", "hub.example"), (":path", "/ingest/cam1"),
              ("content-type", "application/octet-stream"), ("authorization", "Bearer " + upload_token)]
    whole, broken, field = block(GET), block(GET[:1]), block([("a", "b")])
    requests = [headers(n, GET) for n in streams(1000)]
    return [
        ("a thousand resets", [request + reset(n) for n, request in zip(streams(1000), requests)], "INTERNAL_ERROR"),
        ("a thousand requests that must be reset", [frame(HEADERS, 5, n, broken) for n in streams(1000)], CALM),
        ("SETTINGS", [settings((4, n)) for n in range(1000)], CALM),
        ("one SETTINGS with 33 entries", [settings(*[(0x77, 1)] * 33)], CALM),
        ("PING", [ping(n.to_bytes(8, "big")) for n in range(20000)], CALM),
        ("WINDOW_UPDATE", [window_update(0, 1)] * 5000, CALM),
        ("empty DATA", [headers(1, upload, end=False)] + [data(1)] * 1000, CALM),
        ("empty HEADERS", [headers(1, upload, end=False)] + [frame(HEADERS, 0, 1)] + [frame(CONTINUATION, 0, 1)] * 1000, CALM),
        ("CONTINUATION", [frame(HEADERS, END_STREAM, 1, whole)] + [frame(CONTINUATION, 0, 1, field)] * 1000, CALM),
        ("a header list that grows without end", [frame(HEADERS, END_STREAM, 1, whole)] +
         [frame(CONTINUATION, 0, 1, block([("x" * 100, "y" * 16000)]))] * 100, CALM),
        ("PING acknowledgements", [ping(ack=True)] * 20000, None),
        ("PRIORITY", [frame(PRIORITY, 0, n, bytes(5)) for n in streams(20000)], None),
        ("frames of unknown type", [frame(0x77, 0, 0, bytes(100))] * 20000, None),
        ("GOAWAY", [goaway(0)] * 20000, ""),
        ("DATA that nobody reads", [headers(1, upload[:-1], end=False)] + [data(1, bytes(16384))] * 1000, None),
        ("more streams than allowed, all held", [settings((4, 0))] + requests[:500], CALM),
    ]


class Floods(Case):
    def attack(self, hub, pieces):
        wire = Wire(socket.create_connection(("127.0.0.1", hub.plain_port), DEADLINE))
        self.addCleanup(wire.close)
        wire.send(PREFACE + settings())
        # Both ways at once, as the hub does: it does not read from those who do not.
        sender = threading.Thread(target=self.send_all, args=(wire, pieces), daemon=True)
        sender.start()
        return wire, sender

    @staticmethod
    def send_all(wire, pieces):
        try:
            for at in range(0, len(pieces), 50):
                wire.connection.sendall(b"".join(pieces[at:at + 50]))
            wire.connection.sendall(ping(b"the last"))
        except OSError:
            pass

    def test_table(self):
        hub = self.hub()
        neighbour = Neighbour(hub)
        neighbour.start()
        self.addCleanup(neighbour.finish)
        wait_for(lambda: len(neighbour.times) > 20, "the neighbour")
        for name, pieces, end in rows(hub.upload_token):
            with self.subTest(name):
                before = resident_kb(hub.process)
                wire, sender = self.attack(hub, pieces)
                if end is None:
                    wire.read(lambda seen: ("PING ACK", b"the last") in seen, "the end of the attack")
                else:
                    wire.read_to_end()
                grown = resident_kb(hub.process) - before
                sender.join(DEADLINE)
                codes = [f[1] for f in wire.seen if f[0] == "GOAWAY"]
                if end is None:
                    self.assertEqual(codes, [])
                    self.assertIn(("PING ACK", b"the last"), wire.seen)
                elif end and (codes or not wire.reset):  # a reset of the line may overtake the last frames of the hub
                    self.assertEqual(codes[-1:], [end], wire.seen[-5:])
                wire.close()
                self.assertLess(grown, MEMORY_KB)
        neighbour.finish()
        self.assertEqual(neighbour.problems, [])
        self.assertGreater(len(neighbour.times), len(rows(hub.upload_token)))
        self.assertLess(max(neighbour.times), SLOWEST_S)

    def test_slow_readers(self):
        """Thirty who ask for a film and do not read it: each costs a bounded buffer, and one who reads gets it all."""
        hub = self.hub()
        film = flv.generate(60, size=10000)
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(film)
        subprocess.run(["curl", "-sf", "-T", path, "-H", "Content-Type: video/x-flv", "-H", "Authorization: Bearer " + hub.upload_token,
                        hub.url("/ingest/cam1", plain=True)], check=True, capture_output=True, timeout=DEADLINE)
        before = resident_kb(hub.process)
        ask = [(":method", "GET"), (":scheme", "http"), (":authority", "hub"), (":path", "/recordings/cam1.flv"),
               ("authorization", "Bearer " + hub.view_token)]
        slow = []
        for _ in range(30):
            reader = socket.socket()
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(("127.0.0.1", hub.plain_port))
            reader.sendall(PREFACE + settings((4, 0x7fffffff)) + window_update(0, 0x7fff0000) + headers(1, ask))
            slow.append(reader)
            self.addCleanup(reader.close)
        for reader in slow:
            reader.settimeout(DEADLINE)
            self.assertTrue(reader.recv(1), "it is served")
        self.assertEqual(len(flv.media(flv.tags(hub.recording()))), len(flv.media(flv.tags(film))))
        self.assertLess(resident_kb(hub.process) - before, 30 * 1024)
        self.assertEqual(hub.get("/healthz")[0], 200)


if __name__ == "__main__":
    unittest.main()
