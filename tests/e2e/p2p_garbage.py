#!/usr/bin/env python3
"""A viewer that sends garbage, until its standard input ends: datagrams to the camera's address from a stranger and from
a connected session (STUN, DTLS, neither), packets of SCTP and messages of DCEP within DTLS, descriptions to WHEP.
  p2p_garbage.py URL [SEED]
Prints `ready` when some of each kind went, then one JSON object: how many of each."""
import asyncio
import collections
import itertools
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time

from OpenSSL import SSL

from p2p_viewer import P2pViewer, Refused, request

PAUSE = 0.01  # between two of a kind: what a stranger may send is no flood here
PAUSE_OFFERS = 0.05  # some can be answered, and each has a place until it is given up
KINDS = ("stranger", "datagram", "sctp", "dcep", "sdp")
STUN_COOKIE = 0x2112A442
DCEP = 50


class Garbage:
    def __init__(self, url, seed):
        self.url = url
        self.random = random.Random(seed)
        self.sent = collections.Counter()
        self.over = threading.Event()
        self.addresses = []  # of the camera, by the last session
        self.offer = ""

    def stun(self):
        """A binding request: a wrong length, an unknown attribute that is cut, or an integrity of nobody."""
        body = struct.pack(">HH", self.random.choice((0x0006, 0x0008, 0x7FFF)), self.random.choice((4, 20, 0xFFFF)))
        body += self.random.randbytes(self.random.randrange(40))
        length = self.random.choice((len(body), 0xFFFC, 3))
        return struct.pack(">HHI", self.random.choice((0x0001, 0x0101, 0x0111)), length, STUN_COOKIE) + \
            self.random.randbytes(12) + body

    def dtls(self):
        """Handshake, alert or data records of any epoch, with a length that fits or does not."""
        body = self.random.randbytes(self.random.randrange(1, 600))
        return struct.pack(">BHHHIH", self.random.choice((20, 21, 22, 23, 63)), 0xFEFD, self.random.randrange(3),
                           0, self.random.getrandbits(32), self.random.choice((len(body), 0xFFFF, 0))) + body

    def datagram(self):
        return self.random.choice((self.stun, self.dtls, lambda: self.random.randbytes(self.random.randrange(1, 1200))))()

    def sctp(self, tag):
        """The right ports and tag mostly; chunks of any kind, whose length may be more or less than there is."""
        packet = struct.pack(">HHII", 5000, 5000, tag if self.random.random() < 0.8 else self.random.getrandbits(32), 0)
        for _ in range(self.random.randrange(1, 4)):
            value = self.random.randbytes(self.random.randrange(0, 60))
            length = self.random.choice((4 + len(value), 4 + len(value), 0, 3, 0xFFFF))
            # An ABORT (6) or SHUTDOWN (7) would only end the session.
            kind = self.random.choice((0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 15, 64, 128, 130, 192, 193, 200, 255))
            packet += struct.pack(">BBH", kind, self.random.randrange(256), length) + value + bytes(-len(value) % 4)
        return packet

    def dcep(self):
        label = b"action=live" * self.random.randrange(1, 20)
        opening = struct.pack(">BBHIHH", 3, self.random.randrange(256), 0, 0, len(label), self.random.randrange(0xFFFF))
        return self.random.choice((opening + label, opening[:self.random.randrange(1, 12)],
                                   self.random.randbytes(self.random.randrange(1, 200))))

    def sdp(self, good):
        """A description with a part cut, doubled, or changed; or none at all."""
        at = self.random.randrange(len(good))
        return self.random.choice((
            good[:at], good[:at] + good[at // 2:], good.replace("UDP", "TCP"), "v=0\r\n" + "a=x\r\n" * 1000,
            good.replace("sha-256", "md5"), good + "a=candidate:" + "9" * 500 + "\r\n",
            "".join(chr(self.random.randrange(1, 256)) for _ in range(2000))))

    def count(self, kind, pause=PAUSE):
        self.sent[kind] += 1
        return self.over.wait(pause)

    def ready(self):
        return all(self.sent[kind] >= 20 for kind in KINDS)

    def session(self, number):
        """Connects like anybody, then sends one kind after the other for as long as the camera lets it."""
        viewer = P2pViewer(self.url)
        try:
            self.addresses = re.findall(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+)", viewer.peer.remoteDescription.sdp, re.I)
            self.offer = viewer.peer.localDescription.sdp
            viewer.wait_for_bytes(1000)
            kinds = ["datagram", "dcep", "sctp"]
            for kind in kinds[number % 3:] + kinds[:number % 3]:
                end = time.monotonic() + 1
                while time.monotonic() < end:
                    asyncio.run_coroutine_threadsafe(self.send(kind, viewer.peer.sctp), viewer.loop).result(5)
                    if self.count(kind):
                        return
        finally:
            viewer.leave()

    async def send(self, kind, sctp):
        if kind == "datagram":
            await sctp.transport.transport._connection.sendto(self.datagram(), 1)
        elif kind == "sctp":
            await sctp.transport._send_data(self.sctp(sctp._remote_verification_tag))
        else:
            await sctp._send(self.random.randrange(64), DCEP, self.dcep())

    def sessions(self):
        for number in itertools.count():
            if self.over.is_set():
                return
            try:
                self.session(number)
            except (Refused, OSError, AssertionError, TimeoutError, SSL.Error):
                self.over.wait(PAUSE)  # the camera has ended it, as it may

    def stranger(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while True:
                for host, port in self.addresses:
                    out.sendto(self.datagram(), (host, int(port)))
                if self.addresses and self.count("stranger") or self.over.wait(PAUSE):
                    return

    def descriptions(self):
        while not self.offer:
            if self.over.wait(PAUSE):
                return
        while True:
            try:
                request("POST", self.url, body=self.sdp(self.offer).encode("latin-1"), content_type="application/sdp")
            except (Refused, OSError):
                pass
            if self.count("sdp", PAUSE_OFFERS):
                return

    def run(self):
        threads = [threading.Thread(target=work) for work in (self.sessions, self.stranger, self.descriptions)]
        for thread in threads:
            thread.start()
        while not self.ready():
            if not all(thread.is_alive() for thread in threads):
                os._exit(1)
            time.sleep(0.05)
        print("ready", flush=True)
        sys.stdin.read()
        self.over.set()
        for thread in threads:
            thread.join()
        print(json.dumps(self.sent), flush=True)


if __name__ == "__main__":
    Garbage(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1).run()
