"""h2sink mode=post into servers that others wrote: nghttpd, nginx, Caddy, and one that answers early and resets. A server
that is not installed is skipped, and says so."""
import http.server
import os
import re
import shutil
import socket
import ssl
import threading
import time
import unittest

import flv
import h2_wire
from harness import Case, DEADLINE, read_file, wait_for


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Store(http.server.BaseHTTPRequestHandler):
    """The program behind a proxy, by HTTP/1.1: keeps each body as it grows."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        upload = {"method": self.command, "path": self.path, "body": b"", "complete": False}
        self.server.uploads.append(upload)
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                piece = self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    break
                upload["body"] += piece
        else:
            upload["body"] = self.rfile.read(int(self.headers["Content-Length"]))
        upload["complete"] = True
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST

    def log_message(self, *_):
        pass


class OtherServer(Case):
    def need(self, program):
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
        if not path:
            self.skipTest("%s is not installed: tools/install-dependencies.sh test" % program)
        return path

    def backend(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
        server.uploads = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run_server(self, port, *command, **options):
        log = open(os.path.join(self.folder, "server.log"), "wb")
        self.addCleanup(log.close)
        process = self.start(*command, stdout=log, stderr=log, **options)
        wait_for(lambda: listens(port) or process.poll() is not None, "the server")
        self.assertIsNone(process.poll(), self.log())
        return process

    def log(self):
        return read_file(os.path.join(self.folder, "server.log")).decode(errors="replace")

    def upload(self, path, location, *properties):
        camera = self.gst_launch("filesrc", "location=" + path, "!", "h2sink", "location=" + location, "drain-timeout=30000",
                                 *properties)
        out, error = camera.communicate(timeout=2 * DEADLINE)
        return camera.returncode, (out + error).decode()

    def live(self, location, *properties):
        """Pictures without end: what a proxy that collects bodies first would never pass on."""
        return self.gst_launch("videotestsrc", "is-live=true", "!", "video/x-raw,width=320,height=240,framerate=10/1", "!", "x264enc",
                               "tune=zerolatency", "key-int-max=10", "!", "h264parse", "!", "flvmux", "streamable=true", "!", "h2sink",
                               "location=" + location, *properties)

    def check_proxy(self, backend, location, ca):
        """A file by POST and by PUT arrives whole; a live stream arrives while it runs and ends with EOS."""
        film = flv.generate(20, size=6000)
        path = self.file("film.flv", film)
        for method in ("post", "put"):
            status, text = self.upload(path, location, "ca-file=" + ca, "method=" + method)
            self.assertEqual(status, 0, text + self.log())
        self.assertEqual([(u["method"], u["complete"]) for u in backend.uploads], [("POST", True), ("PUT", True)])
        sent = [tag.data for tag in flv.media(flv.tags(film))]
        for upload in backend.uploads:
            self.assertEqual(upload["path"], "/upload")
            self.assertEqual([tag.data for tag in flv.media(flv.tags(upload["body"]))], sent)

        camera = self.live(location, "ca-file=" + ca)
        pictures = lambda: [t for t in flv.tags(backend.uploads[2]["body"], partial=True) if flv.is_picture(t)]
        wait_for(lambda: len(backend.uploads) == 3 and len(backend.uploads[2]["body"]) > 13 and len(pictures()) > 5, "live pictures")
        self.assertFalse(backend.uploads[2]["complete"])
        self.assertIsNone(camera.poll())
        camera.send_signal(2)
        camera.communicate(timeout=DEADLINE)
        self.assertEqual(camera.returncode, 0)
        wait_for(lambda: backend.uploads[2]["complete"], "the end of the upload")
        self.assertEqual(len(backend.uploads), 3, "one request for one stream")


class Nghttpd(OtherServer):
    def test_takes_uploads(self):
        program = self.need("nghttpd")
        port = free_port()
        self.run_server(port, program, "--no-tls", "-v", "-a", "127.0.0.1", "-d", self.folder, "--echo-upload", str(port))
        film = flv.generate(20, size=6000)
        path = self.file("film.flv", film)
        for method in ("post", "put"):
            status, text = self.upload(path, "http://127.0.0.1:%d/upload" % port, "method=" + method)
            self.assertEqual(status, 0, text)
        received = [int(size) for size in re.findall(r"recv DATA frame <length=(\d+)", self.log())]
        self.assertEqual(sum(received), 2 * len(film))

    def test_with_windows_of_64_kib(self):
        program = self.need("nghttpd")
        port = free_port()
        self.run_server(port, program, "--no-tls", "-v", "-a", "127.0.0.1", "-d", self.folder, "-w", "16", "-W", "16", "--echo-upload",
                        str(port))
        film = flv.generate(10, size=20000)
        status, text = self.upload(self.file("film.flv", film), "http://127.0.0.1:%d/upload" % port)
        self.assertEqual(status, 0, text)
        received = [int(size) for size in re.findall(r"recv DATA frame <length=(\d+)", self.log())]
        self.assertEqual(sum(received), len(film))


class Nginx(OtherServer):
    def start_nginx(self, port, location):
        program = self.need("nginx")
        certificate, key = self.certificate("localhost")
        folders = "".join("%s_temp_path %s/%s;\n" % (name, self.folder, name)
                          for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = self.file("nginx.conf", ("""
            daemon off; master_process off; pid %s/nginx.pid; error_log stderr warn;
            events { worker_connections 64; }
            http { access_log off; %s
              server { listen 127.0.0.1:%d ssl http2; ssl_certificate %s; ssl_certificate_key %s;
                client_max_body_size 0; location / { %s } } }
            """ % (self.folder, folders, port, certificate, key, location)).encode())
        self.run_server(port, program, "-p", self.folder, "-e", "stderr", "-c", config)
        return certificate

    def test_passes_uploads_on(self):
        self.need("nginx")
        backend, port = self.backend(), free_port()
        ca = self.start_nginx(port, "proxy_pass http://127.0.0.1:%d; proxy_http_version 1.1; proxy_request_buffering off;"
                              % backend.server_address[1])
        self.check_proxy(backend, "https://localhost:%d/upload" % port, ca)

    def test_an_answer_before_the_body_ends(self):
        """nginx answers at once, and resets the rest of the request."""
        self.need("nginx")
        port = free_port()
        ca = self.start_nginx(port, "return 204;")
        path = self.file("film.flv", flv.generate(60, size=20000))
        status, text = self.upload(path, "https://localhost:%d/upload" % port, "ca-file=" + ca, "retries=1", "reconnect-delay=1")
        self.assertNotEqual(status, 0)
        self.assertIn("localhost:%d: the receiver ended the upload early, with status 204." % port, text)
        self.assertIn("Choose a location that takes uploads.", text)

    def test_a_refusal_before_the_body_ends(self):
        self.need("nginx")
        port = free_port()
        ca = self.start_nginx(port, "return 403;")
        path = self.file("film.flv", flv.generate(60, size=20000))
        status, text = self.upload(path, "https://localhost:%d/upload" % port, "ca-file=" + ca)
        self.assertNotEqual(status, 0)
        self.assertIn("localhost:%d: the receiver answered with status 403." % port, text)


class Caddy(OtherServer):
    def test_passes_uploads_on(self):
        program = self.need("caddy")
        backend, port = self.backend(), free_port()
        certificate, key = self.certificate("localhost")
        config = self.file("Caddyfile", ("{\n admin off\n auto_https off\n}\n"
                                         "https://localhost:%d {\n bind 127.0.0.1\n tls %s %s\n reverse_proxy 127.0.0.1:%d\n}\n"
                                         % (port, certificate, key, backend.server_address[1])).encode())
        env = dict(os.environ, HOME=self.folder, XDG_DATA_HOME=self.folder, XDG_CONFIG_HOME=self.folder)
        self.run_server(port, program, "run", "--config", config, "--adapter", "caddyfile", env=env)
        self.check_proxy(backend, "https://localhost:%d/upload" % port, certificate)


class EarlyAnswer(OtherServer):
    """A server that has enough after the first bytes: the whole answer, then RST_STREAM(NO_ERROR) (RFC 9113 section 8.1)."""

    def serve(self, listener, status, problem, code):
        connection, _ = listener.accept()
        wire = h2_wire.Wire(connection)
        while len(wire.buffer) < len(h2_wire.PREFACE):
            wire.buffer += connection.recv(65536)
        wire.buffer = wire.buffer[len(h2_wire.PREFACE):]
        wire._parse()
        wire.send(h2_wire.settings() + h2_wire.settings(ack=True))
        wire.read(lambda seen: [f for f in seen if f[0] == "DATA"], "the first bytes")
        wire.send(h2_wire.headers(1, [(":status", str(status)), ("content-type", "application/problem+json")], end=False) +
                  h2_wire.data(1, problem, True) + h2_wire.reset(1, code))
        wire.read_to_end()
        wire.close()

    def test_the_answer_is_read(self):
        path = self.file("film.flv", flv.generate(60, size=20000))
        for code in (0, 8):
            with self.subTest(h2_wire.CODES[code]):
                with socket.create_server(("127.0.0.1", 0)) as listener:
                    listener.settimeout(DEADLINE)
                    server = threading.Thread(target=self.serve, daemon=True, args=(
                        listener, 413, b'{"type":"/problems/too-large","detail":"A film may have 1 MiB here. Send a shorter one."}', code))
                    server.start()
                    status, text = self.upload(path, "http://127.0.0.1:%d/upload" % listener.getsockname()[1])
                    server.join(DEADLINE)
                self.assertNotEqual(status, 0)
                self.assertIn("A film may have 1 MiB here. Send a shorter one.", text)


if __name__ == "__main__":
    unittest.main()
