"""A file of 1 GiB by the Link Kit example, interrupted 20 times: the line cut, the hub killed, the program killed."""
import hashlib
import os
import queue
import random
import re
import socket
import threading
import unittest

from harness import Case, DEADLINE, read_file, wait_for
from test_link_examples import UPLOAD

SIZE = int(os.environ.get("CAMSPAN_LONG_FILE_MIB", "1024")) << 20
PART = 4 << 20
STOPS = 20
# Of TLS records and DATA frames of 16 KiB, with room for those that are shorter.
OVERHEAD = 0.005
# Handshake, requests, windows.
EACH_CONNECTION = 64 << 10


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Proxy:
    """Hands on to `port`, counts what goes there, and stops at marks until it is told to go on."""

    def __init__(self, port):
        self.port = port
        self.sent = 0
        self.connections = 0
        self.marks = []
        self.reached = queue.Queue()
        self.go = threading.Event()
        self.line = ()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own_port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        """One line after the other: the program has no more."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                try:
                    hub = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)
                except OSError:
                    continue
                with hub:
                    hub.settimeout(None)
                    self.connections += 1
                    self.line = (client, hub)
                    back = threading.Thread(target=self.copy, args=(hub, client, False), daemon=True)
                    back.start()
                    self.copy(client, hub, True)
                    back.join(DEADLINE)
                    self.line = ()

    def copy(self, source, to, counts):
        buffer = memoryview(bytearray(256 << 10))
        try:
            while count := source.recv_into(buffer):
                if counts and self.marks and self.sent + count >= self.marks[0]:
                    self.go.clear()
                    self.reached.put(self.marks.pop(0))
                    self.go.wait(DEADLINE)
                to.sendall(buffer[:count])
                if counts:
                    self.sent += count
        except OSError:
            pass
        shut(source)
        shut(to)

    def cut(self):
        for end in self.line:
            shut(end)

    def close(self):
        self.go.set()
        shut(self.listener)
        self.cut()
        self.thread.join(DEADLINE)
        self.listener.close()


class Files(Case):
    SEED = 20261121

    def content(self, path):
        rng = random.Random(self.SEED)
        sha = hashlib.sha256()
        with open(path, "wb") as file:
            for _ in range(SIZE >> 20):
                block = rng.randbytes(1 << 20)
                sha.update(block)
                file.write(block)
        return sha.hexdigest()

    def begin(self):
        """Another run of the program; from the second on with the id that the hub gave."""
        words = ["--upload-id", self.upload_id()] if self.upload_id() else []
        env = dict(os.environ, CAMSPAN_HUB="https://localhost:%d" % self.proxy.own_port, CAMSPAN_CA_FILE=self.server.ca,
                   CAMSPAN_DEVICE_FILE=self.server.secret_file)
        with open(self.output, "ab") as out:
            self.upload = self.start(UPLOAD, "--resume", "--part", str(PART), *words, self.path, env=env, stdout=out,
                                     stderr=out)

    def upload_id(self):
        ids = re.findall(rb": upload (\S+)", read_file(self.output)) if os.path.exists(self.output) else []
        return ids[-1].decode() if ids else ""

    def interrupt(self, how):
        if how == "cut":
            self.proxy.cut()
        elif how == "hub":
            self.server.kill()
        else:
            self.upload.kill()
            self.upload.wait(DEADLINE)
        self.proxy.go.set()
        if how == "hub":
            self.server.start()
        elif how == "program":
            self.begin()

    def ended(self):
        """A program whose upload is still held by the hub for the one that was killed ends; its user begins it again."""
        if self.upload.poll() is None:
            return False
        if self.upload.returncode == 0:
            return True
        self.begin()
        self.again += 1
        return False

    def test_a_gibibyte_goes_on_after_each_of_twenty_interruptions(self):
        rng = random.Random(self.SEED)
        self.path = os.path.join(self.folder, "film.bin")
        self.output = os.path.join(self.folder, "output")
        self.again = 0
        digest = self.content(self.path)
        self.server = self.hub()
        self.proxy = Proxy(self.server.port)
        self.addCleanup(self.proxy.close)
        # Where the id of the upload is known already, and not all is sent yet.
        self.proxy.marks = sorted(rng.randrange(SIZE // 100, SIZE * 99 // 100) for _ in range(STOPS))
        ways = [rng.choice(("cut", "hub", "program")) for _ in range(STOPS)]
        self.begin()
        for how in ways:
            def stopped():
                if not self.proxy.reached.empty():
                    return True
                self.ended()
                return False
            wait_for(stopped, "the next interruption (%s)" % how, deadline=600)
            self.proxy.reached.get()
            self.interrupt(how)
        wait_for(self.ended, "the end of the upload", deadline=600)
        sha = hashlib.sha256()
        with open(os.path.join(self.server.data, "files", "cam1", "film.bin"), "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                sha.update(block)
        self.assertEqual(sha.hexdigest(), digest)
        beyond = self.proxy.sent - SIZE
        bound = int(SIZE * OVERHEAD) + self.proxy.connections * EACH_CONNECTION + STOPS * PART
        print("%d cuts, %d kills of the hub, %d of the program, %d connections, begun again %d times; sent %.1f MiB beyond "
              "the file, at most %.1f" % (ways.count("cut"), ways.count("hub"), ways.count("program"), self.proxy.connections,
                                          self.again, beyond / 2**20, bound / 2**20))
        self.assertLessEqual(beyond, bound)
        self.assertEqual(len(set(re.findall(rb": upload (\S+)", read_file(self.output)))), 1, "one upload all the way")


if __name__ == "__main__":
    unittest.main()
