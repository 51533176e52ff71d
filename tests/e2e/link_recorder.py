"""The server's side of the recorded exchange of Link Kit channels: answers as was recorded, and keeps what it is asked."""
import re
import socket
import ssl
import threading

import hpack

import h2_wire as h2
from harness import DEADLINE

FILES = "c/iot/sys/thing/file/upload"
WINDOW = 16777215


class Request:
    def __init__(self, stream, fields, ended):
        self.stream = stream
        self.pseudo = {name: value for name, value in fields if name.startswith(":")}
        self.fields = [(name, value) for name, value in fields if not name.startswith(":")]
        self.ended = ended  # by its head
        self.body = b""

    def __getitem__(self, name):
        return dict(self.fields).get(name)

    def names(self):
        return [name for name, _ in self.fields]

    def line(self):
        return "%s %s" % (self.pseudo[":method"], self.pseudo[":path"])


class Recorder:
    """One connection after the other. `checksum` is the x-file-crc64ecma of each file."""

    def __init__(self, certificate, key, checksum):
        self.checksum = checksum
        self.requests = []
        self.problem = None
        self.channels = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.set_alpn_protocols(["h2"])
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        """Waits for the end of the connection that there is."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(DEADLINE)
        self.listener.close()

    def run(self):
        try:
            while True:
                try:
                    raw, _ = self.listener.accept()
                except OSError:
                    return
                raw.settimeout(DEADLINE)
                with self.context.wrap_socket(raw, server_side=True) as line:
                    self.serve(line)
        except Exception as problem:  # told by the test
            self.problem = problem

    def serve(self, line):
        unread = b""

        def take(size):
            nonlocal unread
            while len(unread) < size:
                more = line.recv(65536)
                if not more:
                    return None
                unread += more
            taken, unread = unread[:size], unread[size:]
            return taken

        assert take(len(h2.PREFACE)) == h2.PREFACE
        line.sendall(h2.settings((4, WINDOW)) + h2.window_update(0, WINDOW))
        decoder, encoder, open_requests, queries = hpack.Decoder(), hpack.Encoder(), {}, {}
        while head := take(9):
            size, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")
            payload = take(size)
            if kind == h2.SETTINGS and not flags & h2.ACK:
                line.sendall(h2.settings(ack=True))
            elif kind == h2.PING and not flags & h2.ACK:
                line.sendall(h2.ping(payload, ack=True))
            elif kind == h2.HEADERS:
                assert flags & h2.END_HEADERS and not flags & (h2.PADDED | h2.PRIORITY_FLAG), flags
                request = Request(stream, decoder.decode(payload), bool(flags & h2.END_STREAM))
                self.requests.append(request)
                open_requests[stream] = request
            elif kind == h2.DATA:
                open_requests[stream].body += payload
                if size:
                    line.sendall(h2.window_update(0, size) + h2.window_update(stream, size))
            request = open_requests.get(stream)
            if request and (flags & h2.END_STREAM or len(request.body) == int(request["content-length"] or -1)):
                del open_requests[stream]
                self.answer(line, encoder, request, queries)

    def answer(self, line, encoder, request, queries):
        step, identify = re.fullmatch("/stream/(open|send|close)/(.*)", request.pseudo[":path"]).groups()
        is_file, is_query = identify == FILES, request.pseudo[":method"] == "GET"
        channel = request["x-data-stream-id"]
        if step == "open":
            self.channels += 1
            channel = "DS110391950088997683%d" % self.channels
        fields = [(":status", "200"), ("x-request-id", "1103919500797702144")]
        if is_file and step != "close":
            fields.append(("x-next-append-position", str(len(request.body))))
        if is_file and step == "open":
            fields.append(("x-file-upload-id", "UL" + channel))
        if is_file and step == "close":
            fields += [("x-file-crc64ecma", self.checksum), ("x-file-store-id", "101184")]
        fields += [("x-data-stream-id", channel), ("x-response-status", "200")]
        if step == "close" and channel in queries:
            line.sendall(h2.data(queries.pop(channel), end=True))
        if is_query:
            queries[channel] = request.stream
        flags = h2.END_HEADERS | (0 if is_query else h2.END_STREAM)
        line.sendall(h2.frame(h2.HEADERS, flags, request.stream, encoder.encode(fields)))
