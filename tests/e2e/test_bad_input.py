"""Bad input, each with its status and its sentence."""
import base64
import hashlib
import json
import os
import socket
import subprocess
import time
import unittest

import flv
from harness import Case, DEADLINE, HUB, wait_for


def unsigned_token(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return part({"alg": "none", "typ": "JWT"}) + "." + part(claims) + "."


class BadRequests(Case):
    """One hub for all rows."""

    def problem(self, hub, status, kind, command):
        done = subprocess.run(command, capture_output=True, timeout=DEADLINE)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        # A 100 Continue may go before.
        while head.split()[1:2] in ([b"100"],):
            head, _, body = body.partition(b"\r\n\r\n")
        words = head.split()
        self.assertTrue(len(words) > 1, (command, done.stdout, done.stderr))
        self.assertEqual(int(words[1]), status, (kind, head, body))
        document = json.loads(body)
        self.assertEqual(document["type"], "/problems/" + kind)
        self.assertEqual(document["status"], status)
        self.assertRegex(document["detail"], r"^\S.+ .+[.!]$", "a sentence")
        return document

    def test_table(self):
        hub = self.hub('[limits]\nupload_max = "1MiB"\n')
        upload, live = hub.upload_token, hub.view_token
        film = os.path.join(self.folder, "film.flv")
        with open(film, "wb") as file:
            file.write(flv.generate(2))
        text = os.path.join(self.folder, "text.flv")
        with open(text, "w") as file:
            file.write("this is no film\n" * 100)
        absurd = os.path.join(self.folder, "absurd.flv")
        with open(absurd, "wb") as file:
            file.write(flv.generate(1) + b"\x09\xff\xff\xff" + bytes(100))
        long = os.path.join(self.folder, "long.bin")
        with open(long, "wb") as file:
            file.truncate(3 << 20)

        def curl(path, token=None, *more):
            words = ["curl", "-s", "-i", "--http1.1", *more]
            if token:
                words += ["-H", "Authorization: Bearer " + token]
            return words + [hub.url(path, plain=True)]

        def put(path, token, file, *more):
            return curl(path, token, "-T", file, "-H", "Content-Type: video/x-flv", *more)

        expired = hub.token("upload", "cam1", ttl="1s")
        claims = {"sub": "x", "dev": "*", "allow": ["upload", "live", "admin"], "iat": int(time.time()),
                  "exp": int(time.time()) + 3600}
        header, payload, signature = upload.split(".")
        forged = ".".join([header, payload, base64.urlsafe_b64encode(hashlib.sha256(b"x").digest()).rstrip(b"=").decode()])
        rows = [
            ("no token", 401, "missing-token", put("/ingest/cam1", None, film)),
            ("not a token", 401, "bad-token", put("/ingest/cam1", "nonsense", film)),
            ("wrong signature", 401, "bad-token", put("/ingest/cam1", forged, film)),
            ("alg none", 401, "bad-token", put("/ingest/cam1", unsigned_token(claims), film)),
            ("no right", 403, "not-allowed", put("/ingest/cam1", live, film)),
            ("other device", 403, "not-allowed", put("/ingest/cam2", upload, film)),
            ("no right to live", 403, "not-allowed", curl("/live/cam1.flv", upload)),
            ("no right to read the list", 401, "missing-token", curl("/api/devices")),
            ("not FLV", 415, "not-flv", put("/ingest/cam1", upload, text)),
            ("absurd length", 413, "tag-too-large", put("/ingest/cam1", upload, absurd)),
            ("file over the limit", 413, "too-large",
             curl("/ingest/cam1", upload, "-T", long, "-H", "Content-Type: application/octet-stream")),
            ("gap", 409, "gap", put("/ingest/cam1", upload, film, "-H", "camspan-first: 7", "-H",
                                    "camspan-stream: 3f0d6e0a-0000-4000-8000-000000000001")),
            ("first is no number", 400, "bad-request", put("/ingest/cam1", upload, film, "-H", "camspan-first: x")),
            ("stream is no UUID", 400, "bad-request", put("/ingest/cam1", upload, film, "-H", "camspan-stream: x/../y")),
            ("unknown camera", 404, "unknown-device", curl("/live/nobody.flv", hub.token("live"))),
            ("known, not live", 503, "no-video", curl("/live/cam1.flv", live)),
            ("no route", 404, "unknown-route", curl("/nothing/here", live)),
            ("wrong method", 405, "method-not-allowed", curl("/ingest/cam1", upload)),
            ("bad time", 400, "bad-request", curl("/recordings/cam1.flv?start=soon", live)),
            ("bad id", 404, "unknown-device", curl("/recordings/..%2f..%2fetc", hub.token("playback"))),
        ]
        for name, status, kind, command in rows:
            with self.subTest(name):
                self.problem(hub, status, kind, command)
        with self.subTest("expired token"):
            wait_for(lambda: hub.get("/live/cam1.flv", expired)[0] == 401 and
                     json.loads(hub.get("/live/cam1.flv", expired)[2])["type"] == "/problems/expired-token", "the token to expire")
            self.problem(hub, 401, "expired-token", put("/ingest/cam1", expired, film))
        with self.subTest("no video says when to try again"):
            self.assertIn("Retry-After", {k.title() for k in hub.get("/live/cam1.flv", live)[1]})
        with self.subTest("the hub is well after all that"):
            self.assertEqual(hub.get("/healthz")[0], 200)
            for secret in (upload, live, expired):
                self.assertNotIn(secret, hub.log())

    def test_cut_last_tag_keeps_the_whole_ones(self):
        hub = self.hub()
        whole = flv.generate(2)
        path = os.path.join(self.folder, "cut.flv")
        with open(path, "wb") as file:
            file.write(whole[:-50])
        done = subprocess.run(["curl", "-s", "-T", path, "-H", "Content-Type: video/x-flv", "-H",
                               "Authorization: Bearer " + hub.upload_token, hub.url("/ingest/cam1", plain=True)],
                              capture_output=True, text=True, timeout=DEADLINE)
        before = flv.tags(whole)[:-1]
        self.assertIn('"tags":%d' % len(before), done.stdout.replace(" ", ""))
        after = flv.media(flv.tags(hub.recording()))
        self.assertEqual([tag.data for tag in flv.media(before)], [tag.data for tag in after])

    def test_broken_peers(self):
        hub = self.hub()

        def talk(data, tls=False, end=False):
            connection = socket.create_connection(("127.0.0.1", hub.port if tls else hub.plain_port), DEADLINE)
            connection.settimeout(DEADLINE)
            try:
                connection.sendall(data)
                if end:
                    connection.shutdown(socket.SHUT_WR)
                answer = b""
                while True:
                    piece = connection.recv(65536)
                    if not piece:
                        return answer
                    answer += piece
            except ConnectionError:
                return b""
            finally:
                connection.close()

        big = b"x-big: " + b"a" * 20000 + b"\r\n"
        rows = [
            ("oversized headers", b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + big + b"\r\n", b"HTTP/1.1 431"),
            ("garbage", b"\x00\x01\x02garbage\r\n\r\n", b"HTTP/1.1 400"),
            ("no host", b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400"),
            ("two lengths", b"POST /ingest/cam1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
             b"HTTP/1.1 400"),
        ]
        for name, data, expected in rows:
            with self.subTest(name):
                self.assertTrue(talk(data, end=True).startswith(expected), talk(data, end=True)[:200])
        with self.subTest("plain text on the TLS port"):
            talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", tls=True)
        with self.subTest("broken HTTP/2"):
            talk(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100)
        with self.subTest("a request that is never finished"):
            talk(b"GET / HTTP/1.1\r\nHost: x\r\n", end=True)
        self.assertEqual(hub.get("/healthz")[0], 200)


class BadStart(Case):
    def run_hub(self, *words):
        return subprocess.run([HUB, *words], capture_output=True, text=True, timeout=DEADLINE)

    def test_table(self):
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        data = os.path.join(self.folder, "data")
        bad_config = os.path.join(self.folder, "bad.toml")
        with open(bad_config, "w") as file:
            file.write('[record]\nsegmant = "60s"\n')
        file_as_data = os.path.join(self.folder, "file")
        open(file_as_data, "w").close()
        rows = [
            ("port in use", 1, str(port), ["--data", data, "--listen", "127.0.0.1:%d" % port]),
            ("unknown key", 3, "segmant", ["--config", bad_config]),
            ("missing config", 3, "nowhere.toml", ["--config", os.path.join(self.folder, "nowhere.toml")]),
            ("unknown option", 2, "--frobnicate", ["--frobnicate"]),
            ("data is a file", 1, file_as_data, ["--data", file_as_data, "--listen", "127.0.0.1:0"]),
            ("plain on a public address", 3, "allow_plain", ["--data", data, "--plain", "0.0.0.0:0", "--listen", "127.0.0.1:0"]),
            ("certificate is missing", 3, "nowhere.crt",
             ["--data", data, "--listen", "127.0.0.1:0", "--tls-cert", "/nowhere.crt", "--tls-key", "/nowhere.key"]),
        ]
        for name, code, names, words in rows:
            with self.subTest(name):
                done = self.run_hub(*words)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(names, done.stderr)
        taken.close()

    def test_no_write_permission(self):
        data = os.path.join(self.folder, "closed")
        os.mkdir(data, 0o500)
        os.chmod(self.folder, 0o755)
        words = [HUB, "--data", os.path.join(data, "x"), "--listen", "127.0.0.1:0"]
        if os.getuid() == 0:
            words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *words]
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(data, done.stderr)
        self.assertIn("permission", done.stderr.lower())

    def test_help_teaches(self):
        for words in ([], ["device"], ["token"]):
            done = self.run_hub(*words, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertGreater(len(done.stdout), 200)


class DiskFull(Case):
    def test_live_goes_on_and_the_recording_comes_back(self):
        small = self.small_disk(2 << 20)
        hub = self.hub('[record]\nsegment = "1s"\n', start=False)
        os.rmdir(os.path.join(hub.data, "recordings"))
        os.symlink(small, os.path.join(hub.data, "recordings"))
        hub.start()
        camera = self.camera(hub, pattern="snow", kbit=2000)
        wait_for(lambda: hub.get("/healthz")[0] == 503, "the hub to say that its disk is full", 60)
        status, _, body = hub.get("/healthz")
        self.assertIn("full", body.decode())
        self.assertTrue(hub.device()["live"], "live goes on")
        self.assertIsNone(camera.poll(), "the camera goes on")
        for folder, _, files in os.walk(small):
            for name in files:
                if name.endswith(".flv"):
                    os.remove(os.path.join(folder, name))
        wait_for(lambda: hub.get("/healthz")[0] == 200, "recording to come back", 60)


class WrongServer(Case):
    """What a camera says of a hub it cannot use."""

    def launch(self, *h2sink):
        path = os.path.join(self.folder, "film.flv")
        with open(path, "wb") as file:
            file.write(flv.generate(1))
        done = self.gst_launch("filesrc", "location=" + path, "!", "h2sink", *h2sink)
        out, error = done.communicate(timeout=DEADLINE)
        self.assertNotEqual(done.returncode, 0)
        return (out + error).decode()

    def test_table(self):
        hub = self.hub()
        token = "auth-token-file=" + self.token_file(hub.upload_token)
        free = socket.socket()
        free.bind(("127.0.0.1", 0))
        closed_port = free.getsockname()[1]
        free.close()
        rows = [
            ("untrusted", ["location=" + hub.url("/ingest/cam1"), token], ["localhost", "ca"]),
            ("refused", ["location=https://127.0.0.1:%d/x" % closed_port, "retries=0"], ["127.0.0.1:%d" % closed_port]),
            ("no such name", ["location=https://no-such-host.invalid/x", "retries=0"], ["no-such-host.invalid"]),
            ("no token", ["location=" + hub.url("/ingest/cam1"), "ca-file=" + hub.ca], ["token"]),
            ("no location", [], ["location"]),
        ]
        for name, properties, expected in rows:
            with self.subTest(name):
                text = self.launch(*properties)
                for word in expected:
                    self.assertIn(word, text)
                self.assertNotIn(hub.upload_token, text)

    def test_wrong_name(self):
        certificate, key = self.certificate("other.example")
        hub = self.hub('[tls]\ncert = "%s"\nkey = "%s"\n' % (certificate, key))
        text = self.launch("location=" + hub.url("/ingest/cam1"), "ca-file=" + certificate,
                           "auth-token-file=" + self.token_file(hub.upload_token))
        self.assertIn("localhost", text)
        self.assertIn("other.example", text)


if __name__ == "__main__":
    unittest.main()
