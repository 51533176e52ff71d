"""What viewers cost a camera (p2p_camera.py) in memory: when they have left, and while their link carries next to nothing."""
import os
import subprocess
import sys
import time

from harness import DEADLINE, wait_for
from p2p_watcher import Watcher

AT_ONCE = 10
PICTURES = 12  # that each gets before it leaves
BOUND_KB = 64  # that viewers may leave behind
# Of a film whose pictures since the last key frame are few, beside what is looked for.
CHURN_BITS = 200000
# The C library keeps some of what was freed for each thread, more of it with each of the first hundreds of viewers.
WITHOUT_CACHES = ("env", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0")

COLLAPSED_BITS = 300000  # a second, for all viewers together
COLLAPSE = 12  # seconds
BACK = 10
BACK_KB = 50  # a viewer, of what it was before, after BACK seconds
FILM_BITS = 2000000
GOP_KB = FILM_BITS // 8000  # of a second; all viewers share it, and it comes and goes


def come_and_leave(camera, viewers):
    for begin in range(0, viewers, AT_ONCE):
        watchers = [Watcher(camera.url) for _ in range(min(AT_ONCE, viewers - begin))]
        try:
            for watcher in watchers:
                watcher.wait_for_pictures(PICTURES)
        finally:
            codes = [watcher.stop() for watcher in watchers]
        assert codes == [0] * len(codes), codes
    wait_for(lambda: camera.stats()["viewers"] == 0, "all viewers to be gone")


def looked_at(camera, seconds):
    """The stats of so long, many of them."""
    end, seen = time.monotonic() + seconds, []

    def look():
        seen.append(camera.stats())
        return time.monotonic() >= end

    wait_for(look, "the time to pass", seconds + DEADLINE)
    return seen


def settled(camera):
    """(anonymous pages, what malloc has given out), both in KB, the least of 3 s: freed memory goes back a second after
    the last viewer."""
    seen = looked_at(camera, 3)
    return min(stats["anon_kb"] for stats in seen), min(stats["heap_kb"] for stats in seen)


def growth(camera, first, viewers):
    """KB that are more after so many viewers: pages, heap. The `first` are left out, who find everything unused."""
    come_and_leave(camera, first)
    pages, heap = settled(camera)
    come_and_leave(camera, viewers)
    pages_after, heap_after = settled(camera)
    return pages_after - pages, heap_after - heap


class Watching:
    """Viewers made with aiortc, each a process of its own with so many channels."""

    def __init__(self, camera, viewers, channels, host):
        labels = ["action=live&channel=0&n=%d" % number for number in range(channels)]
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "p2p_viewer.py")
        self.processes = [subprocess.Popen(host.words(sys.executable, program, camera.url, *labels), stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True) for _ in range(viewers)]
        for process in self.processes:
            if process.stdout.readline() != "watching\n":
                self.__exit__()
                raise AssertionError("a viewer does not get its streams")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            process.wait(DEADLINE)
            process.stdout.close()


def most(camera, seconds):
    return max(stats["anon_kb"] for stats in looked_at(camera, seconds))


def collapse(camera, host, viewers, channels):
    """KB that each of so many viewers costs: normally, at most while the link of all carries next to nothing, and some time
    later. The camera runs on the host. Pictures that all share, up to GOP_KB, may be among them."""
    with Watching(camera, viewers, channels, host):
        pass
    wait_for(lambda: camera.stats()["viewers"] == 0, "the first viewers to be gone")
    empty, _ = settled(camera)
    with Watching(camera, viewers, channels, host):
        normal = most(camera, 3)
        host.carry(COLLAPSED_BITS)
        collapsed = most(camera, COLLAPSE)
        host.carry(None)
        most(camera, BACK)
        later = most(camera, 2)
        left = camera.stats()["connected"]
    if left != viewers:
        raise AssertionError("%d of %d viewers are left" % (left, viewers))
    return tuple((kb - empty) / viewers for kb in (normal, collapsed, later))


def bound_of(channels):
    return channels * 512 + 732
