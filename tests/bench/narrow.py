"""Two hosts (namespaces) and between them a link that is slow, narrow or loses: tests/support/tun_link. Needs root."""
import os
import subprocess

from harness import DEADLINE
from networks import run

CAMERA, VIEWER = "10.99.0.1", "10.99.0.2"


class NarrowLink:
    """`camera` and `viewer` name the namespaces, which have those addresses; all ends with the contextlib.ExitStack."""

    def __init__(self, stack, **values):
        self.camera, self.viewer = ("cs%06x-%s" % (os.getpid(), end) for end in ("camera", "viewer"))
        for name in (self.camera, self.viewer):
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "del", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        places = [os.path.join(os.environ["CAMSPAN_BUILD"], "tests", part, "tun_link") for part in ("bench", "support")]
        program = next(filter(os.path.exists, places))
        self.process = subprocess.Popen([program, self.camera, CAMERA, self.viewer, VIEWER], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        stack.callback(self.process.wait, DEADLINE)
        stack.callback(self.process.stdin.close)
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit("no link can be made here")
        self.set(**values)

    def set(self, **values):
        """delay (ms, one way), loss (%, each way), rate (kbit/s to the viewer, 0 = any), queue (bytes)"""
        self.process.stdin.write("".join("%s %g " % each for each in values.items()) + "\n")
        self.process.stdin.flush()
