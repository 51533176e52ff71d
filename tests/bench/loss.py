#!/usr/bin/env python3
"""How a stream of p2psink arrives over bad links: camspan-view in another network namespace, tests/support/tun_link between
them. A cell is a loss (each way), a round trip, a capacity in terms of the stream, and a kind of channel.
  tests/bench/loss.py [--loss 0,1,3] [--rtt 20,100] [--capacity 2,1,0.7,0.5] [--mode reliable,timed] [--seconds N]
                      [--results FILE] [--table]
Each cell begins with a new camera; nothing of its first seconds counts. What is done is in FILE and not done again; --table
prints it as Markdown. Needs root; CAMSPAN_BUILD names the build (build/release by default)."""
import argparse
import os
import subprocess
import sys
import threading
import time

from tun import CAMERA, ROOT, Link, mathis  # before what it makes reachable
import cells
from harness import DEADLINE, gst_environment, wait_for
from p2p_watcher import Watcher

STREAM = 1500000  # bit/s
PORT = 8080  # in a namespace of its own
SETTLE = 8  # seconds until the bitrate fits
STALL = 0.5  # seconds without a picture
QUEUE = 0.2  # seconds of the capacity: what routers hold


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def shape(link, loss, rtt, capacity):
    rate = STREAM * capacity
    link.shape(loss, rtt, rate, max(rate / 8 * QUEUE, 15000))


class Camera:
    def __init__(self, link):
        self.first = None
        self.bitrates = []
        self.process = subprocess.Popen(
            [*link.words(link.camera), sys.executable, os.path.join(ROOT, "tests", "bench", "loss_camera.py"), str(STREAM),
             "device-id=cam1", "signaller=local", "signaller::host=" + CAMERA, "signaller::port=%d" % PORT,
             "signaller::auth-token=bench"], stdout=subprocess.PIPE, text=True, env=gst_environment())
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            what, value = line.split()
            if what == "first":
                self.first = int(value) / 1e9
            else:
                self.bitrates.append(int(value))

    def __enter__(self):
        wait_for(lambda: self.first is not None or self.process.poll() is not None, "the camera's first picture")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.reader.join()


def measure(link, mode, seconds):
    """How the pictures of that time arrive."""
    with Camera(link) as camera:
        watcher = Watcher("http://%s:%d/whep/cam1" % (CAMERA, PORT), "--token", "bench", *(["--timed"] if mode == "timed" else []),
                          prefix=link.words(link.viewer))
        try:
            watcher.wait_for_pictures(1)
            time.sleep(SETTLE)
            begin = time.monotonic()
            time.sleep(seconds)
            end = time.monotonic()
            with watcher.changed:
                seen = [(came, came - camera.first - stamp / 1000) for stamp, came, _ in watcher.pictures if begin <= came <= end]
        finally:
            watcher.stop()
        bitrate = camera.bitrates[-1] if camera.bitrates else STREAM
    times = [begin, *(came for came, _ in seen), end]
    stalls = [after - before for before, after in zip(times, times[1:]) if after - before > STALL]
    lags = [lag * 1000 for _, lag in seen]
    return {"p50": percentile(lags, 0.5) if lags else None, "p95": percentile(lags, 0.95) if lags else None,
            "fps": len(seen) / seconds, "stalls": len(stalls), "still_s": sum(stalls), "bitrate": bitrate}


def row(key, cell):
    loss, rtt, capacity, mode = key.split()
    bound = mathis(float(loss), float(rtt))
    lag = "%.0f / %.0f" % (cell["p50"], cell["p95"]) if cell["p50"] is not None else "-"
    return "| %s %% | %s | %s | %s | %s | %s | %.1f | %d (%.1f s) | %.2f |" % (
        loss, rtt, capacity, "%.1f" % (bound / 1e6) if bound else "-", mode, lag, cell["fps"], cell["stalls"], cell["still_s"],
        cell["bitrate"] / 1e6)


def table(measured):
    print("| loss | RTT ms | capacity | Mathis Mbit/s | channel | lag p50 / p95 ms | fps | stalls | encoder Mbit/s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for key in sorted(measured, key=lambda key: [float(word) if word[0].isdigit() else word for word in key.split()]):
        print(row(key, measured[key]))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--loss", default="0,1,3,5,10")
    options.add_argument("--rtt", default="20,100")
    options.add_argument("--capacity", default="2,1,0.7,0.5")
    options.add_argument("--mode", default="reliable,timed")
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--results")
    options.add_argument("--table", action="store_true")
    given = options.parse_args()
    measured = cells.kept(given.results)
    if given.table:
        table(measured)
        return
    with Link() as link:
        def cell(loss, rtt, capacity, mode):
            shape(link, float(loss), float(rtt), float(capacity))
            return measure(link, mode, given.seconds)

        cells.fill(measured, given.results, (given.loss, given.rtt, given.capacity, given.mode), cell, row)


if __name__ == "__main__":
    main()
