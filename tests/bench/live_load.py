#!/usr/bin/env python3
"""Load for the benches of live streams: RTMP cameras, RTMP players and HTTP-FLV players, many in one process.

  live_load.py rtmp-cameras HOST:PORT COUNT BITS_PER_SECOND SECONDS      streams live/cam0, live/cam1, ...
  live_load.py rtmp-players HOST:PORT COUNT SECONDS                      of live/cam0
  live_load.py flv-players  HOST:PORT COUNT SECONDS [CA_FILE]            of /live/cam0.flv; TOKEN comes from CAMSPAN_BENCH_TOKEN
  live_load.py flv-delays   HOST:PORT COUNT SECONDS [CA_FILE]            the same, of frames that say when they were made (film.hpp)
Prints one line of JSON: bytes sent or received, and of players the least that one of them got; delays
in ms from a frame's making to its last byte here. RTMP as in Adobe's
specification 1.0: as much of it as it takes to publish and to play."""
import json
import os
import selectors
import socket
import ssl
import struct
import sys
import time

FRAMES_PER_SECOND = 25
FRAMES_PER_GOP = 50
CHUNK = 4096
AVC_CONFIG = bytes.fromhex("17000000000142c01fffe100096742c01f95a014016e400100 0468ce3c80".replace(" ", ""))


def amf(value):
    if value is None:
        return b"\x05"
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + struct.pack(">H", len(value)) + value.encode()
    members = b"".join(struct.pack(">H", len(name)) + name.encode() + amf(member) for name, member in value.items())
    return b"\x03" + members + b"\x00\x00\x09"


def message(kind, stream, time_ms, payload, chunk=CHUNK):
    """One RTMP message in chunks: a full header, then bare ones."""
    csid = 3 if kind == 20 else 2 if kind == 1 else 6
    head = bytes([csid]) + time_ms.to_bytes(3, "big") + len(payload).to_bytes(3, "big") + bytes([kind]) + struct.pack("<I", stream)
    pieces = [payload[at:at + chunk] for at in range(0, len(payload), chunk)]
    return head + bytes([0xC0 | csid]).join(pieces)


def command(stream, *values):
    return message(20, stream, 0, b"".join(amf(value) for value in values), 128)


def rtmp_connect(address):
    link = socket.create_connection(address, 10)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.sendall(b"\x03" + bytes(8) + os.urandom(1528))
    answer = b""
    while len(answer) < 3073:
        piece = link.recv(3073 - len(answer))
        if not piece:
            raise ConnectionError("the server ended the RTMP handshake")
        answer += piece
    link.sendall(answer[1:1537] + command(0, "connect", 1, {"app": "live", "tcUrl": "rtmp://%s:%d/live" % address}) +
                 command(0, "createStream", 2, None))
    return link


def frame(number, size):
    key = number % FRAMES_PER_GOP == 0
    return bytes([0x17 if key else 0x27, 1, 0, 0, 0]) + struct.pack(">I", size - 9) + bytes([0x65 if key else 0x41]) + b"\x5a" * (size - 10)


def rtmp_cameras(address, count, bits, seconds):
    cameras = []
    for i in range(count):
        link = rtmp_connect(address)
        link.sendall(command(1, "publish", 3, None, "cam%d" % i, "live") + message(1, 0, 0, struct.pack(">I", CHUNK)) +
                     message(9, 1, 0, AVC_CONFIG))
        cameras.append(link)
    size = bits // 8 // FRAMES_PER_SECOND
    step = 1 / FRAMES_PER_SECOND / count
    following, sent = time.monotonic(), 0
    for number in range(seconds * FRAMES_PER_SECOND):
        payload = message(9, 1, number * 1000 // FRAMES_PER_SECOND, frame(number, size))
        for link in cameras:
            link.sendall(payload)
            sent += size
            following += step
            time.sleep(max(0, following - time.monotonic()))
    for link in cameras:
        link.close()
    return {"bytes": sent}


def receive(links, seconds):
    """Reads from all of them for a while; what each got."""
    counts = dict.fromkeys(links, 0)
    selector = selectors.DefaultSelector()
    for link in links:
        link.setblocking(False)
        selector.register(link, selectors.EVENT_READ)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select(0.2):
            try:
                while piece := key.fileobj.recv(65536):
                    counts[key.fileobj] += len(piece)
                raise ConnectionError("the server ended a stream")
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
    return {"bytes": sum(counts.values()), "least": min(counts.values())}


def rtmp_players(address, count, seconds):
    links = []
    for _ in range(count):
        link = rtmp_connect(address)
        link.sendall(command(1, "play", 3, None, "cam0"))
        links.append(link)
    return receive(links, seconds)


def flv_links(address, count, ca_file):
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    request = "GET /live/cam0.flv HTTP/1.1\r\nhost: %s:%d\r\nauthorization: Bearer %s\r\n\r\n" % (
        *address, os.environ["CAMSPAN_BENCH_TOKEN"])
    links = []
    for _ in range(count):
        link = socket.create_connection(address, 10)
        if context:
            link = context.wrap_socket(link, server_hostname="localhost")
        link.sendall(request.encode())
        links.append(link)
    return links


def flv_players(address, count, seconds, ca_file=None):
    return receive(flv_links(address, count, ca_file), seconds)


class Frames:
    """Reads an answer in chunks with an FLV inside, each tag a chunk or more, and notes the delay of each frame of 8 bytes or more."""

    def __init__(self):
        self.rest, self.body, self.head_seen, self.delays, self.begun = b"", bytearray(), False, [], time.monotonic() + 1

    def take(self, piece):
        self.rest += piece
        if not self.head_seen:
            head, mark, self.rest = self.rest.partition(b"\r\n\r\n")
            if not mark:
                self.rest = head
                return
            self.head_seen = True
        while (end := self.rest.find(b"\r\n")) >= 0:
            size = int(self.rest[:end], 16)
            if len(self.rest) < end + 2 + size + 2:
                break
            self.body += self.rest[end + 2:end + 2 + size]
            self.rest = self.rest[end + 4 + size:]
        self.tags()

    def tags(self):
        if self.body[:3] == b"FLV":
            del self.body[:13]
        now = time.monotonic_ns()
        while len(self.body) >= 11 and len(self.body) >= 15 + (size := int.from_bytes(self.body[1:4], "big")):
            made = int.from_bytes(self.body[21:29], sys.byteorder)
            # What came before this viewer is no delay, nor is the tag of the decoder's configuration.
            if size > 64 and made / 1e9 > self.begun:
                self.delays.append((now - made) / 1e6)
            del self.body[:15 + size]


def flv_delays(address, count, seconds, ca_file=None):
    delays = []
    for link in flv_links(address, count, ca_file):
        frames, end = Frames(), time.monotonic() + seconds
        link.settimeout(5)
        while time.monotonic() < end and (piece := link.recv(65536)):
            frames.take(piece)
        delays += frames.delays
    delays.sort()
    if not delays:
        raise ConnectionError("no frame came that was made while this viewer watched")
    return {"frames": len(delays), "p50": delays[len(delays) // 2], "p99": delays[len(delays) * 99 // 100], "max": delays[-1]}


def main():
    what, place, *rest = sys.argv[1:]
    host, port = place.rsplit(":", 1)
    run = {"rtmp-cameras": rtmp_cameras, "rtmp-players": rtmp_players, "flv-players": flv_players,
           "flv-delays": flv_delays}[what]
    print(json.dumps(run((host, int(port)), *(int(word) if word.isdigit() else word for word in rest))))


if __name__ == "__main__":
    main()
