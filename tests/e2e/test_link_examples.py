"""The example programs on the Link Kit API, against a hub."""
import os
import re
import subprocess
import unittest

import flv

from harness import BUILD, Case, DEADLINE, read_file

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


if __name__ == "__main__":
    unittest.main()
