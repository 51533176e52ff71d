"""wsstreamsink in gst-launch-1.0: players, programs, slow clients, many clients."""
import functools
import http.client
import http.server
import json
import os
import re
import resource
import select
import shutil
import socket
import subprocess
import threading
import time
import unittest

import flv
import msgpack_reader as msgpack
from harness import Case, DEADLINE, ROOT, gst_environment, wait_for
from ws_client import BINARY, TEXT, PING, PONG, Refused, WsClient, frame


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Sink:
    """A pipeline that ends in wsstreamsink, with its port and its messages."""

    def __init__(self, case, *words, clients=None, command=None):
        def more_files():
            if clients:
                resource.setrlimit(resource.RLIMIT_NOFILE, (clients + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

        self.lines = []
        self.process = case.start(*(command or ["gst-launch-1.0", "-e", "-v", "-m", *words]), env=gst_environment(), text=True,
                                  stdin=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=more_files)
        case.addCleanup(self.process.stdin.close)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.port = int(wait_for(lambda: self.find(r"current-port = (\d+)"), "the port").group(1))

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def memory(self):
        """Resident, in KiB."""
        with open("/proc/%d/status" % self.process.pid) as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def find(self, pattern):
        """The last line with `pattern`."""
        for line in reversed(list(self.lines)):
            found = re.search(pattern, line)
            if found:
                return found
        return None

    def all(self, pattern):
        return [found for found in (re.search(pattern, line) for line in list(self.lines)) if found]


def camera(*, frames=None, kbit=500, key=25, pattern="ball", mux=True):
    limit = ["num-buffers=%d" % frames] if frames else []
    words = ["videotestsrc", "is-live=true", "pattern=" + pattern, *limit, "!",
             "video/x-raw,format=I420,width=320,height=240,framerate=25/1", "!", "x264enc", "tune=zerolatency",
             "speed-preset=ultrafast", "key-int-max=%d" % key, "bitrate=%d" % kbit, "!", "h264parse", "!",
             "video/x-h264,stream-format=avc,alignment=au", "!"]
    return words + (["flvmux", "streamable=true", "!"] if mux else [])


def notification(message):
    opcode, data = message
    assert opcode == BINARY, opcode
    value = msgpack.decode(data)
    assert list(value) == ["method", "stream", "data"] and value["method"] == "write", value
    return value["data"]


class WsStreamSink(Case):
    def sink(self, *words, **options):
        return Sink(self, *words, **options)

    @unittest.skipUnless(shutil.which("chromium") and os.path.isdir(os.path.join(ROOT, "tests", "web", "node_modules")),
                         "chromium or playwright-core is not installed: tools/install-dependencies.sh test, tests/web/run.sh")
    def test_chromium_plays_it_by_mpegts_js(self):
        sink = self.sink(*camera(pattern="ball"), "wsstreamsink", "port=0", "encoding=raw", "path=/live", "serve-player=true",
                         "auth-token=let-me-see")
        picture = os.path.join(ROOT, "build", "wsstreamsink-player.png")
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "web", "play.mjs"),
                               "http://127.0.0.1:%d/?token=let-me-see" % sink.port, picture], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        seen = json.loads(done.stdout)
        self.assertTrue(seen["moved"], seen)
        self.assertGreater(seen["times"][1], seen["times"][0])
        self.assertEqual(seen["problems"], [])
        self.assertEqual(seen["state"], "live")

    @unittest.skipUnless(shutil.which("chromium") and os.path.isdir(os.path.join(ROOT, "tests", "web", "node_modules")),
                         "chromium or playwright-core is not installed: tools/install-dependencies.sh test, tests/web/run.sh")
    def test_the_telemetry_example_shows_what_comes(self):
        example = os.path.join(ROOT, "examples", "ws-telemetry")
        pages = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(QuietFiles, directory=example))
        self.addCleanup(pages.server_close)
        self.addCleanup(pages.shutdown)
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        origin = "http://127.0.0.1:%d" % pages.server_port
        sink = Sink(self, command=[os.path.join(example, "camera.sh"), "0", "<%s>" % origin])
        done = subprocess.run(["node", os.path.join(ROOT, "tests", "web", "telemetry.mjs"),
                               "%s/?camera=ws://127.0.0.1:%d/appdata" % (origin, sink.port),
                               os.path.join(ROOT, "build", "ws-telemetry.png")], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        seen = json.loads(done.stdout)
        self.assertIn("video/x-flv", seen["caps"])
        self.assertEqual(seen["missed"], "0")
        self.assertEqual(seen["problems"], [])

    def test_get_and_websocket_give_the_same_flv(self):
        sink = self.sink(*camera(frames=50), "wsstreamsink", "port=0", "encoding=raw", "path=live")
        with WsClient(sink.port, "/live") as client:
            plain = subprocess.run(["curl", "-s", "-m", "30", "http://127.0.0.1:%d/live" % sink.port], capture_output=True,
                                   timeout=DEADLINE)
            self.assertEqual(plain.returncode, 0, plain.stderr)
            messages = []
            try:
                while True:
                    messages.append(client.read_message()[1])
            except EOFError as end:
                self.assertEqual(end.args[0], 1000)
        self.assertTrue(messages[0].startswith(b"FLV"))
        self.assertTrue(plain.stdout.startswith(b"FLV"))
        by_socket, by_get = flv.tags(b"".join(messages)), flv.tags(plain.stdout)
        self.assertEqual(by_socket[-20:], by_get[-20:])

    def test_msgpack_says_what_the_stream_is_and_numbers_its_units(self):
        sink = self.sink(*camera(mux=False), "wsstreamsink", "port=0", "stream-name=yard")
        with WsClient(sink.port) as client:
            first = notification(client.read_message())
            self.assertEqual(first["t"], "init")
            self.assertTrue(first["caps"].startswith("video/x-h264"), first)
            units = [notification(client.read_message()) for _ in range(30)]
            self.assertEqual([list(unit) for unit in units], [["t", "k", "pts", "dts", "seq", "p"]] * 30)
            self.assertEqual([unit["seq"] for unit in units], list(range(units[0]["seq"], units[0]["seq"] + 30)))
            self.assertEqual(units[0]["k"], 2, "a key frame first")
            self.assertEqual(units[1]["k"], 3)
            self.assertEqual([u["pts"] for u in units], sorted(u["pts"] for u in units))
            # {"id":7,"method":"list"} and {"id":8,"method":"read","stream":"yard"}
            client.send(frame(BINARY, b"\x82\xa2id\x07\xa6method\xa4list"))
            client.send(frame(BINARY, b"\x83\xa2id\x08\xa6method\xa4read\xa6stream\xa4yard"))
            answers = {}
            while len(answers) < 2:
                value = msgpack.decode(client.read_message()[1])
                if "id" in value:
                    answers[value["id"]] = value
            self.assertEqual(answers[7], {"id": 7, "code": 1, "data": ["yard"]})
            self.assertEqual(answers[8]["data"]["caps"], first["caps"])
            client.send(frame(TEXT, b"text"))
            self.assertEqual(client.close_code(), 1003)
        with WsClient(sink.port) as client:
            client.send(frame(BINARY, b"\xc1"))
            self.assertEqual(client.close_code(), 1007)

    def test_json_meta_has_everything_but_the_bytes(self):
        sink = self.sink(*camera(), "wsstreamsink", "port=0", "encoding=json-meta")
        with WsClient(sink.port) as client:
            values = []
            for _ in range(20):
                opcode, data = client.read_message()
                self.assertEqual(opcode, TEXT)
                values.append(json.loads(data))
        self.assertEqual(values[0]["data"]["t"], "init")
        self.assertIn("video/x-flv", values[0]["data"]["caps"])
        self.assertGreater(len(values[0]["data"]["headers"]), 1)
        self.assertEqual(list(values[1]["data"]), ["t", "k", "pts", "dts", "seq"])

    def test_tls_and_token(self):
        certificate, key = self.certificate("localhost")
        sink = self.sink(*camera(), "wsstreamsink", "port=0", "tls-cert-file=" + certificate, "tls-key-file=" + key,
                         "auth-token-file=" + self.token_file("secret"), "allow-origins=<http://localhost:3000>")
        for path in ("/appdata", "/appdata?token=secre"):
            with self.assertRaises(Refused) as refused:
                WsClient(sink.port, path, tls=certificate)
            self.assertEqual(refused.exception.status, 401)
        with self.assertRaises(Refused) as refused:
            WsClient(sink.port, "/appdata?token=secret", headers=["Origin: http://localhost:3001"], tls=certificate)
        self.assertEqual(refused.exception.status, 403)
        for headers in (["Authorization: Bearer secret"], ["Authorization: Bearer secret", "Origin: http://localhost:3000"]):
            with WsClient(sink.port, headers=headers, tls=certificate) as client:
                self.assertEqual(notification(client.read_message())["t"], "init")
        sink.process.terminate()
        sink.process.wait(DEADLINE)
        sink.reader.join(DEADLINE)
        self.assertNotIn("secret", "".join(sink.lines).replace("device-secret", ""))

    def ask(self, sink, method, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=DEADLINE)
        self.addCleanup(connection.close)
        connection.request(method, path, body=b"\xc0" if method == "POST" else None, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()

    def test_the_stream_is_listed_and_read_by_rest(self):
        sink = self.sink(*camera(), "wsstreamsink", "port=0", "auth-token-file=" + self.token_file("secret"), "max-clients=1")
        refused, _ = self.ask(sink, "GET", "/appdata")
        self.assertEqual((refused.status, refused.headers["www-authenticate"]), (401, "Bearer"))
        token = {"Authorization": "Bearer secret"}
        with WsClient(sink.port, headers=["Authorization: Bearer secret"]) as client:
            self.assertEqual(notification(client.read_message())["t"], "init")
            listed, body = self.ask(sink, "GET", "/appdata", **token)
            self.assertEqual((listed.status, msgpack.decode(body)), (200, ["media"]))
            read, body = self.ask(sink, "GET", "/appdata/media", Accept="application/json", **token)
            value = json.loads(body)
            self.assertEqual((read.status, read.headers["content-type"], value["t"]), (200, "application/json", "init"))
            self.assertTrue(value["caps"].startswith("video/x-flv"), value["caps"])
            written, _ = self.ask(sink, "POST", "/appdata/media", **token)
            missing, _ = self.ask(sink, "GET", "/appdata/other", **token)
            deleted, _ = self.ask(sink, "DELETE", "/appdata/media", **token)
            self.assertEqual((written.status, missing.status, deleted.status), (404, 404, 405))
            self.assertIn("GET", deleted.headers["allow"])
            connection = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=DEADLINE)
            self.addCleanup(connection.close)
            connection.request("GET", "/appdata", headers={
                "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **token})
            full = connection.getresponse()
            self.assertEqual((full.status, full.headers["retry-after"]), (503, "5"))

    def test_a_page_of_another_site_reads_it_by_rest_where_it_may(self):
        sink = self.sink(*camera(), "wsstreamsink", "port=0", "path=/", "auth-token-file=" + self.token_file("secret"),
                         "allow-origins=<http://friend.example>")
        friend = {"Origin": "http://friend.example"}
        asked, _ = self.ask(sink, "OPTIONS", "/media", **friend)
        self.assertEqual((asked.status, asked.headers["access-control-allow-origin"]), (204, friend["Origin"]))
        self.assertIn("authorization", asked.headers["access-control-allow-headers"])
        read, _ = self.ask(sink, "GET", "/media", Authorization="Bearer secret", **friend)
        self.assertEqual((read.status, read.headers["access-control-allow-origin"]), (200, friend["Origin"]))
        self.assertEqual(self.ask(sink, "GET", "/media", **friend)[0].status, 401)
        for method in ("OPTIONS", "GET"):
            stranger, _ = self.ask(sink, method, "/media", Origin="http://other.example", Authorization="Bearer secret")
            self.assertEqual((stranger.status, stranger.headers["access-control-allow-origin"]), (403, None))

    def read_in_order(self, client, count, problems):
        try:
            last = None
            for _ in range(count):
                unit = notification(client.read_message())
                if unit["t"] != "unit":
                    continue
                if last is not None and unit["seq"] != last + 1:
                    problems.append("%d after %d" % (unit["seq"], last))
                last = unit["seq"]
        except Exception as problem:  # told to the main thread
            problems.append(repr(problem))

    def eight_clients(self, policy):
        """Seven read; what becomes of the eighth is returned with its connection."""
        sink = self.sink(*camera(kbit=3000, pattern="snow", key=12), "wsstreamsink", "port=0", "recover-policy=" + policy,
                         "units-soft-max=4000000000", "units-max=500000000", "stats-interval=200", "timeout=20000000000")
        slow = WsClient(sink.port, receive_buffer=4096)
        self.addCleanup(slow.socket.close)
        readers, problems = [], []
        for _ in range(7):
            client = WsClient(sink.port)
            self.addCleanup(client.socket.close)
            readers.append(threading.Thread(target=self.read_in_order, args=(client, 150, problems)))
            readers[-1].start()
        for reader in readers:
            reader.join(DEADLINE * 2)
            self.assertFalse(reader.is_alive(), "all seven get 150 messages")
        self.assertEqual(problems, [])
        return sink, slow

    def test_of_eight_clients_one_that_does_not_read_is_skipped_to_a_key_frame(self):
        sink, slow = self.eight_clients("keyframe")
        # seconds of media are waiting; it reads on, and finds a hole behind which a key frame is
        units = []
        while len(units) < 3 or units[-1]["seq"] < units[-2]["seq"] + 4:
            value = notification(slow.read_message())
            if value["t"] == "unit" and value["k"] not in (1, 5):  # configuration and metadata are never dropped
                units.append(value)
            self.assertLess(len(units), 2000)
        self.assertEqual(units[-1]["k"], 2)
        self.assertIsNotNone(sink.find(r"dropped-hard=\(guint64\)[1-9]"))
        self.assertIsNotNone(sink.find(r"wsstreamsink/overflow"))

    def test_of_eight_clients_one_that_does_not_read_is_told_1013(self):
        sink, slow = self.eight_clients("none")
        self.assertEqual(slow.close_code(), 1013)
        wait_for(lambda: sink.find(r"client-removed, id=\(uint\)1, status=.*slow"), "the message that it is gone")

    def test_clients_beyond_max_clients_get_503(self):
        sink = self.sink(*camera(), "wsstreamsink", "port=0", "max-clients=2")
        with WsClient(sink.port), WsClient(sink.port):
            with self.assertRaises(Refused) as refused:
                WsClient(sink.port)
            self.assertEqual(refused.exception.status, 503)

        def again():
            try:
                return WsClient(sink.port)
            except Refused:
                return None
        wait_for(again, "a free place").socket.close()

    def test_a_client_that_does_not_answer_pings_is_dropped(self):
        sink = self.sink("fdsrc", "fd=0", "!", "wsstreamsink", "port=0", "ping-interval=200")
        with WsClient(sink.port) as silent, WsClient(sink.port) as polite:
            polite.socket.settimeout(0.1)
            end = time.monotonic() + DEADLINE
            while not sink.find(r"client-removed, id=\(uint\)1,"):
                self.assertLess(time.monotonic(), end)
                try:
                    opcode, payload = polite.read_frame()
                    if opcode == PING:
                        polite.send(frame(PONG, payload))
                except TimeoutError:
                    pass
            self.assertIsNone(sink.find(r"client-removed, id=\(uint\)2,"))
            del silent

    def test_ten_thousand_connects_without_a_request_keep_nobody_out_for_long(self):
        sink = self.sink("fdsrc", "fd=0", "!", "wsstreamsink", "port=0", clients=12000)
        resource.setrlimit(resource.RLIMIT_NOFILE, (12000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        before = sink.memory()
        idle = []
        self.addCleanup(lambda: [connection.close() for connection in idle])
        for _ in range(10000):
            connection = socket.socket()
            connection.connect(("127.0.0.1", sink.port))
            idle.append(connection)

        def served():
            try:
                return WsClient(sink.port)
            except (Refused, ConnectionError):
                return None
        begin = time.monotonic()
        wait_for(served, "a place").socket.close()
        print("\n10,000 connects without a request: %.1f s until a client comes in, %d KiB more memory" % (
            time.monotonic() - begin, sink.memory() - before))
        self.assertLess(sink.memory() - before, 128 << 10)

    def test_a_thousand_clients_stay_within_the_shared_budget(self):
        budget = 64 << 20  # more than a key frame for each: one unit always gets through
        sink = self.sink(*camera(kbit=2000, pattern="snow"), "wsstreamsink", "port=0", "encoding=raw", "max-clients=1000",
                         "max-size-bytes=%d" % budget, "stats-interval=200", "units-max=60000000000",
                         "units-soft-max=60000000000", clients=1000)
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        clients = []
        for i in range(1000):
            clients.append(WsClient(sink.port, "/live.flv", receive_buffer=4096))
            self.addCleanup(clients[-1].socket.close)
        memory = sink.memory()
        # 20 of them read.
        poll = select.poll()
        for client in clients[:20]:
            client.socket.setblocking(False)
            poll.register(client.socket, select.POLLIN)
        by_descriptor = {client.socket.fileno(): client for client in clients[:20]}
        got = {descriptor: 0 for descriptor in by_descriptor}
        end = time.monotonic() + DEADLINE

        def dropped():
            found = sink.find(r"dropped-hard=\(guint64\)(\d+)")
            return int(found.group(1)) if found else 0
        while dropped() < 20000 or min(got.values()) < 1 << 19:
            self.assertLess(time.monotonic(), end, (dropped(), min(got.values())))
            for descriptor, _ in poll.poll(100):
                try:
                    got[descriptor] += len(by_descriptor[descriptor].socket.recv(1 << 20))
                except BlockingIOError:
                    pass
        levels = [int(found.group(1)) for found in sink.all(r"level-bytes=\(guint64\)(\d+)")]
        after = sink.memory()
        print("\n1,000 clients: at most %.1f MiB queued of %.0f, %d units dropped, %d KiB more memory" % (
            max(levels) / (1 << 20), budget / (1 << 20), dropped(), after - memory))
        self.assertLessEqual(max(levels), budget)
        self.assertLess(after - memory, 48 << 10)


if __name__ == "__main__":
    unittest.main()
