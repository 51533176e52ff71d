"""The example programs on the Link Kit API, against a hub."""
import os
import re
import subprocess
import unittest

import flv

from harness import BUILD, Case, DEADLINE, read_file
from link_recorder import FILES, Recorder

STREAM = os.path.join(BUILD, "examples", "link-h2-stream")
UPLOAD = os.path.join(BUILD, "examples", "link-upload-file")


class LinkExamples(Case):
    def environment(self, hub, **more):
        return dict(os.environ, CAMSPAN_HUB="https://localhost:%d" % hub.port, CAMSPAN_CA_FILE=hub.ca,
                    CAMSPAN_DEVICE_FILE=hub.secret_file, **more)

    def run_example(self, env, *words):
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=DEADLINE)
        return done

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_a_stream_is_recorded_tag_for_tag(self):
        hub = self.hub()
        film = flv.generate(20)
        done = self.run_example(self.environment(hub), STREAM, "--file", self.write("film.flv", film))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("sent %d bytes" % len(film), done.stdout)
        self.assertEqual(flv.media(flv.tags(film)), flv.media(flv.tags(hub.recording())))
        self.assertEqual(len(set(re.findall(r"DS\d+", done.stdout))), 2)

    def test_text_on_an_address_of_the_command_line(self):
        hub = self.hub()
        done = self.run_example(self.environment(hub), STREAM, "--host", "localhost", "--port", str(hub.port),
                                "--device", hub.secret_file)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        folder = os.path.join(hub.data, "files", "cam1")
        stored = [read_file(os.path.join(folder, name)) for name in os.listdir(folder)]
        self.assertEqual(stored, [b"Hello, this is a camera speaking HTTP/2.\0"])

    def test_files_in_one_piece(self):
        hub = self.hub()
        bodies = [os.urandom(300000), os.urandom(5)]
        names = [self.write("test%d.bin" % n, body) for n, body in enumerate(bodies)]
        done = self.run_example(self.environment(hub), UPLOAD, *names)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(re.findall(r"(\d) done", done.stdout), ["1", "2"])
        folder = os.path.join(hub.data, "files", "cam1")
        stored = [read_file(os.path.join(folder, name)) for name in os.listdir(folder)]
        self.assertEqual(sorted(stored), sorted(bodies))
        missing = self.run_example(self.environment(hub), UPLOAD, os.path.join(self.folder, "none"))
        self.assertEqual((missing.returncode, "(-9)" in missing.stdout), (1, True))

    def test_a_file_in_parts_goes_on_after_the_hub_was_killed(self):
        hub = self.hub()
        body = os.urandom(24 << 20)
        path = self.write("film.bin", body)
        upload = self.start(UPLOAD, "--resume", "--part", "102400", path, env=self.environment(hub))
        name = upload.stdout.readline().decode()
        if ": upload " not in name:
            self.fail(name + upload.communicate(timeout=DEADLINE)[1].decode())
        hub.kill()
        hub.start()
        out, error = upload.communicate(timeout=60)
        self.assertEqual(upload.returncode, 0, out.decode() + error.decode())
        self.assertEqual(read_file(os.path.join(hub.data, "files", "cam1", "film.bin")), body)

    def test_help_and_what_is_missing(self):
        hub = self.hub()
        for program in (STREAM, UPLOAD):
            helped = self.run_example(dict(os.environ), program, "--help")
            self.assertEqual((helped.returncode, helped.stderr), (0, ""))
            self.assertIn("usage: " + os.path.basename(program), helped.stdout)
            self.assertEqual(self.run_example(dict(os.environ), program, "--nonsense").returncode, 2)
            lost = self.run_example(self.environment(hub), program, "--device", "/nonexistent", "x")
            self.assertEqual(lost.returncode, 1)
            self.assertIn("/nonexistent", lost.stderr)

    def test_says_why_it_is_not_let_in(self):
        hub = self.hub()
        text = read_file(hub.secret_file).decode()
        wrong = self.write("wrong.toml", re.sub(r'secret = "[^"]*"', 'secret = "00112233445566778899"', text).encode())
        done = self.run_example(self.environment(hub), STREAM, "--device", wrong)
        self.assertEqual(done.returncode, 1)
        self.assertIn("status 401", done.stderr)
        self.assertNotIn("00112233445566778899", done.stdout + done.stderr)
        self.assertNotIn("x-auth", done.stdout + done.stderr)
        env = self.environment(hub)
        del env["CAMSPAN_CA_FILE"]
        untrusted = self.run_example(env, STREAM)
        self.assertEqual(untrusted.returncode, 1)
        self.assertIn("certificate", untrusted.stderr)


class RecordedExchange(Case):
    """The programs against the exchange that was recorded of the C SDK: names of fields, their order, signatures."""
    IDENTIFY = "iotx/vision/voice/intercom/live"
    SIGN = "b127df42ff9e113a4b3c19fa5353b0c210174662"  # the vector for this device
    SDK = [("x-sdk-version", "230"), ("x-sdk-version-name", "2.3.0"), ("x-sdk-platform", "c")]
    OPEN = [("x-auth-name", "devicename"), ("x-auth-param-client-id", "a1TESTPK001.cam-01"),
            ("x-auth-param-signmethod", "hmacsha1"), ("x-auth-param-product-key", "a1TESTPK001"),
            ("x-auth-param-device-name", "cam-01"), ("x-auth-param-sign", SIGN), *SDK, ("content-length", "0")]
    USER = [("test_name", "test_http2_header"), ("hello", "world")]
    CRC_OF_DIGITS = "11051210869376104954"  # CRC-64/XZ of 123456789

    def run_against_recorder(self, program, *words):
        certificate, key = self.certificate("localhost")
        device = os.path.join(self.folder, "device.toml")
        with open(device, "w") as file:
            file.write('[[device]]\nproduct_key = "a1TESTPK001"\ndevice_name = "cam-01"\n'
                       'secret = "0123456789abcdef0123456789abcdef"\n')
        recorder = Recorder(certificate, key, self.CRC_OF_DIGITS)
        env = dict(os.environ, CAMSPAN_CA_FILE=certificate, CAMSPAN_DEVICE_FILE=device)
        try:
            done = subprocess.run([program, "--host", "localhost", "--port", str(recorder.port), *words], env=env,
                                  capture_output=True, text=True, timeout=DEADLINE)
        finally:
            recorder.close()
        if recorder.problem:
            raise recorder.problem
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for request in recorder.requests:
            self.assertEqual(request.pseudo[":scheme"], "https")
            self.assertLessEqual(set(request.pseudo), {":method", ":path", ":scheme", ":authority"})
            self.assertEqual(request.ended, not request.body, "END_STREAM on the head of what has no body")
        self.assertEqual([request.stream for request in recorder.requests], list(range(1, 2 * len(recorder.requests), 2)))
        return recorder.requests

    @staticmethod
    def channel(number):
        return ("x-data-stream-id", "DS110391950088997683%d" % number)

    def test_the_streaming_example(self):
        body = os.urandom(9000)
        path = os.path.join(self.folder, "body")
        with open(path, "wb") as file:
            file.write(body)
        requests = self.run_against_recorder(STREAM, "--file", path)
        live = self.IDENTIFY
        self.assertEqual([request.line() for request in requests],
                         ["POST /stream/open/" + live, "POST /stream/open/" + live, "GET /stream/send/" + live,
                          "POST /stream/send/" + live, "POST /stream/close/" + live, "POST /stream/close/" + live])
        self.assertEqual([request.fields for request in requests], [
            self.OPEN + self.USER, self.OPEN + self.USER,
            [self.channel(1), ("x-test-downstream", "1"), *self.SDK, *self.USER],
            [("content-length", "9000"), self.channel(2), *self.SDK],
            [self.channel(2), *self.SDK], [self.channel(1), *self.SDK]])
        self.assertEqual(requests[3].body, body)

    def test_the_file_example_in_one_piece(self):
        paths = []
        for name in ("test1.zip", "test2.avi"):
            paths.append(os.path.join(self.folder, name))
            with open(paths[-1], "wb") as file:
                file.write(name.encode() * 3000)
        requests = self.run_against_recorder(UPLOAD, *paths)
        live = self.IDENTIFY
        self.assertEqual([request.line() for request in requests],
                         ["POST /stream/%s/%s" % (step, live) for step in ("open", "send", "close")] * 2)
        for number in (1, 2):
            opened, sent, closed = requests[3 * number - 3:3 * number]
            self.assertEqual(opened.fields, self.OPEN + self.USER)
            self.assertEqual(sent.fields, [("content-length", "27000"), self.channel(number), *self.SDK, *self.USER])
            self.assertEqual(sent.body, os.path.basename(paths[number - 1]).encode() * 3000)
            self.assertEqual(closed.fields, [self.channel(number), *self.SDK])

    def test_the_file_example_in_parts(self):
        path = os.path.join(self.folder, "digits.txt")
        with open(path, "wb") as file:
            file.write(b"123456789")
        requests = self.run_against_recorder(UPLOAD, "--resume", path)
        self.assertEqual([request.line() for request in requests],
                         ["POST /stream/%s/%s" % (step, FILES) for step in ("open", "send", "close")])
        self.assertEqual([request.fields for request in requests], [
            self.OPEN + [("x-file-name", "digits.txt"), ("x-file-overwrite", "1")],
            [("content-length", "9"), self.channel(1), *self.SDK, ("x-file-upload-id", "UL" + self.channel(1)[1])],
            [self.channel(1), *self.SDK]])
        self.assertEqual(requests[1].body, b"123456789")

if __name__ == "__main__":
    unittest.main()
