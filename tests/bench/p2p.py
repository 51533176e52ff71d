#!/usr/bin/env python3
"""Measures our peer-to-peer transport beside GStreamer's webrtcbin: cameras without media, viewers (ours, the same for
both) in another process, rounds of the two alternated.
  tests/bench/p2p.py [--rounds N] [--viewers N] [--megabytes N]
Needs p2p_peer of a build: CAMSPAN_BUILD names it (build/release by default; -DCAMSPAN_BENCH=ON)."""
import argparse
import os
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("CAMSPAN_BUILD", os.path.join(ROOT, "build", "release"))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from p2p_peer import PROGRAM, Peer  # noqa: E402

RATE = 2000000
SETTLE = 3  # seconds after the last viewer came
WEBRTCBIN = ("/usr/bin/python3", os.path.join(ROOT, "tests", "bench", "webrtcbin_camera.py"))


def program():
    beside = os.path.join(os.environ["CAMSPAN_BUILD"], "tests", "bench", "p2p_peer_bench")
    return beside if os.path.exists(beside) else PROGRAM


def camera(kind):
    return Peer("camera", "all", program()) if kind == "ours" else Peer("camera", prefix=WEBRTCBIN)


def viewer():
    return Peer("viewer", "all", program())


def throughput(kind, megabytes):
    """(MB/s, CPU seconds of the camera for a GB, ms to open)"""
    size = megabytes * 1000000 // 16384 * 16384
    with camera(kind) as cam, viewer() as view:
        opened = view.watch(cam, "1", "send=%d&expect=%d" % (size, size))
        before = cam.stats()["cpu_us"]
        received, took = (int(word) for word in view.wait("done", "1", deadline=120).split())
        cpu = cam.stats()["cpu_us"] - before
    return received / 1e3 / max(1, took - opened), cpu / 1e6 / (received / 1e9), opened


def crowd(kind, viewers, label):
    """KB a viewer from the first to the last, camera CPU percent with all, threads, ms each took to open"""
    opened = []
    with camera(kind) as cam, viewer() as view:
        opened.append(view.watch(cam, "0", label))
        time.sleep(SETTLE)
        first = cam.stats()
        for number in range(1, viewers):
            opened.append(view.watch(cam, str(number), label))
        time.sleep(SETTLE)
        begin, last = time.monotonic(), cam.stats()
        time.sleep(5)
        end, later = time.monotonic(), cam.stats()
    return ((last["anon_kb"] - first["anon_kb"]) / (viewers - 1),
            (later["cpu_us"] - last["cpu_us"]) / 1e4 / (end - begin), last["threads"], opened)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=200)
    options = parser.parse_args()
    kinds = ("ours", "webrtcbin")
    flows = {kind: [] for kind in kinds}
    crowds = {kind: [] for kind in kinds}
    for round_number in range(options.rounds):
        for kind in kinds:
            flows[kind].append(throughput(kind, options.megabytes))
            print("round %d %s: %.1f MB/s, %.1f CPU s/GB, opened in %d ms" % (round_number, kind, *flows[kind][-1]),
                  flush=True)
            for name, label in (("idle", "echo=1"), ("2 Mbit/s", "rate=%d" % RATE)):
                memory, cpu, threads, opened = crowd(kind, options.viewers, label)
                crowds[kind].append((name, memory, cpu, threads, opened))
                print("round %d %s, %d viewers %s: %.0f KB each, CPU %.1f %%, %d threads, opened in %.0f ms (max %d)" % (
                    round_number, kind, options.viewers, name, memory, cpu, threads, statistics.median(opened),
                    max(opened)), flush=True)
    for kind in kinds:
        print("%s, medians: %.1f MB/s, %.1f CPU s/GB" % (
            kind, statistics.median(flow[0] for flow in flows[kind]), statistics.median(flow[1] for flow in flows[kind])))
        for name in ("idle", "2 Mbit/s"):
            rows = [row for row in crowds[kind] if row[0] == name]
            print("  %d viewers %s: %.0f KB each, CPU %.1f %%, opened in %.0f ms (max %d)" % (
                options.viewers, name, statistics.median(row[1] for row in rows),
                statistics.median(row[2] for row in rows), statistics.median(sum((row[4] for row in rows), [])),
                max(sum((row[4] for row in rows), []))))


if __name__ == "__main__":
    main()
