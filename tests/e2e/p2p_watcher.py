"""camspan-view as a process, and when each picture of what it writes came."""
import os
import subprocess
import threading
import time

import flv
from harness import BUILD, DEADLINE

VIEW = os.path.join(BUILD, "tools", "camspan-view")
HEADER = 13  # of an FLV file, with the size of no tag


class Watcher:
    """Watches `url` until stop(). `prefix` is what the command is to run under."""

    def __init__(self, url, *options, prefix=()):
        self.process = subprocess.Popen([*prefix, VIEW, url, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pictures = []  # (timestamp in ms, when it had come whole, is it a key)
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        waiting, header = bytearray(), False
        while True:
            piece = os.read(self.process.stdout.fileno(), 1 << 16)
            now = time.monotonic()
            waiting += piece
            if not header and len(waiting) >= HEADER:
                header = True
                del waiting[:HEADER]
            with self.changed:
                self.ended = not piece
                if header:
                    self._take_tags(waiting, now)
                self.changed.notify_all()
            if not piece:
                return

    def _take_tags(self, waiting, now):
        while len(waiting) >= 11:
            size = int.from_bytes(waiting[1:4], "big")
            if len(waiting) < 11 + size + 4:
                return
            timestamp = int.from_bytes(waiting[4:7], "big") | waiting[7] << 24
            tag = flv.Tag(waiting[0], timestamp, bytes(waiting[11:13]))
            if flv.is_picture(tag):
                self.pictures.append((timestamp, now, flv.is_key(tag)))
            del waiting[:11 + size + 4]

    def wait(self, condition, what, deadline=DEADLINE):
        with self.changed:
            if not self.changed.wait_for(lambda: self.ended or condition(self), deadline):
                raise AssertionError("waited %d s for %s" % (deadline, what))
            if not condition(self):
                raise AssertionError("camspan-view ended while %s was awaited: %s" % (what, self.process.stderr.read()))

    def wait_for_pictures(self, count):
        """That many more than there are."""
        with self.changed:
            wanted = len(self.pictures) + count
        self.wait(lambda watcher: len(watcher.pictures) >= wanted, "%d pictures" % count)

    def steps(self):
        """Between two pictures each, ms of the stream."""
        with self.changed:
            times = [timestamp for timestamp, _, _ in self.pictures]
        return [after - before for before, after in zip(times, times[1:])]

    def delays(self, begin, end):
        """Of the pictures that came from `begin` to `end`: seconds later than the fastest of all."""
        with self.changed:
            seen = [(came, came - timestamp / 1000) for timestamp, came, _ in self.pictures]
        fastest = min(delay for _, delay in seen)
        return [delay - fastest for came, delay in seen if begin <= came <= end]

    def stop(self):
        """It leaves; returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(DEADLINE)
        self.thread.join(DEADLINE)
        self.process.stdout.close()
        self.process.stderr.close()
        return code
