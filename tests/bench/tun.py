"""Two network namespaces with tests/support/tun_link between them: a link of any round trip, loss and rate. Needs root."""
import contextlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("CAMSPAN_BUILD", os.path.join(ROOT, "build", "release"))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from harness import BUILD, DEADLINE  # noqa: E402
from networks import run  # noqa: E402

CAMERA, VIEWER = "10.99.0.1", "10.99.0.2"
MSS = 1100  # bytes of media in a packet of ours
PROGRAM = next(filter(os.path.exists, (os.path.join(BUILD, "tests", part, "tun_link") for part in ("bench", "support"))), "tun_link")


def mathis(loss, rtt):
    """bit/s that one association carries at most at so many percent and ms, Mathis et al. 1997; None without loss"""
    return 1.22 * MSS * 8 / (rtt / 1000 * (loss / 100) ** 0.5) if loss else None


class Link:
    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.camera, self.viewer = ("cs%06x-%s" % (os.getpid(), end) for end in ("camera", "viewer"))
        for name in (self.camera, self.viewer):
            run("ip", "netns", "add", name)
            self.stack.callback(run, "ip", "netns", "del", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        self.process = subprocess.Popen([PROGRAM, self.camera, CAMERA, self.viewer, VIEWER],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.stack.callback(self.process.wait, DEADLINE)
        self.stack.callback(self.process.stdin.close)
        if self.process.stdout.readline() != "ready\n":
            self.stack.close()
            raise SystemExit("no link can be made here")

    def shape(self, loss=0, rtt=0, rate=0, queue=64 << 10):
        """@param loss  percent, each way; @param rtt  ms; @param rate  bit/s from camera to viewer, 0 = without bound
        @param queue  bytes that wait for it"""
        self.process.stdin.write("loss %g delay %g rate %g queue %d\n" % (loss, rtt / 2, rate / 1000, queue))
        self.process.stdin.flush()

    def words(self, end):
        return ["ip", "netns", "exec", end]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()
