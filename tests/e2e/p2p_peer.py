"""A tests/support/p2p_peer process: links without media, told what to do by lines."""
import base64
import os
import queue
import subprocess
import threading

from harness import BUILD, DEADLINE

PROGRAM = os.path.join(BUILD, "tests", "support", "p2p_peer")


class Peer:
    def __init__(self, role, address="127.0.0.1", program=PROGRAM, prefix=(), more=()):
        self.process = subprocess.Popen([*prefix, program, role, address, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.lines = queue.Queue()
        self.kept = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def say(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()

    def wait(self, *words, deadline=DEADLINE):
        """The rest of the next line that begins with `words`; lines for others are kept."""
        begin = " ".join(str(word) for word in words) + " "
        for line in self.kept:
            if line.startswith(begin):
                self.kept.remove(line)
                return line[len(begin):]
        while True:
            try:
                line = self.lines.get(timeout=deadline)
            except queue.Empty:
                raise AssertionError("waited %d s for %r; heard %s" % (deadline, begin, self.kept[-5:])) from None
            if line is None:
                raise AssertionError("the peer ended while %r was awaited" % begin)
            if line.startswith(begin):
                return line[len(begin):]
            self.kept.append(line)

    def answer(self, name, offer):
        """Camera: the answer to an offer's SDP."""
        self.say("offer", name, base64.b64encode(offer.encode()).decode())
        return base64.b64decode(self.wait("answer", name)).decode()

    def watch(self, camera, name, label):
        """Viewer: connects to a camera of the same kind. Returns ms from the answer to the open channel."""
        self.say("connect", name, label)
        offer = base64.b64decode(self.wait("offer", name)).decode()
        self.say("answer", name, base64.b64encode(camera.answer(name, offer).encode()).decode())
        return int(self.wait("open", name))

    def stats(self):
        self.say("stats")
        return {key: float(value) for key, value in (word.split("=") for word in self.wait("stats").split())}

    def stop(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
