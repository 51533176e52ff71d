#!/usr/bin/env python3
"""What viewers cost a camera on the raw P2P API in memory: tests/support/iv_camera in one network namespace, viewers (all in one
process of p2p_peer) in another, tun_link between. A cell is a case, so many viewers m, and so many streams n of each.
  tests/bench/memory.py [--cases normal,half,...] [--viewers 1,2,4,8,16] [--streams 1,2,4] [--seconds N] [--results FILE] [--table]
Cases: `normal`: a link of twice the rate, 20 ms. `half`, `tenth`: of the rate. `lossy`: 2 %, 200 ms. `stops`: the viewers read
nothing for 15 s (after 20 they are let go). Those three with `marks` (200, 400, 500 KiB) or without and a source that always has
data (`endless`): `half-marks`, `half-endless`, ... The memory is Private_Dirty + Swap of smaps_rollup, 2 samples a second; it is
compared with that before the first viewer came. All samples go to FILE; what is in it is not done again. Needs root;
CAMSPAN_BUILD names the build (build/release by default)."""
import argparse
import base64
import os
import shutil
import signal
import subprocess
import tempfile
import time

from tun import CAMERA, VIEWER, Link  # before what it makes reachable
import cells
from harness import BUILD, wait_for
from p2p_peer import PROGRAM, Peer

RATE = 2000000  # bit/s of a stream
PORT = 8080  # in a namespace of its own
TOKEN = "bench"
SETTLE = 10  # seconds before samples count
BACK = 10
STOPPED = 15
MARKS = (200 << 10, 400 << 10, 500 << 10)
SECRET = '[[device]]\nid = "cam1"\nsecret = "%s"\n' % ("s" * 32)
WEAK = {"half": {"part": 0.5, "rtt": 20}, "tenth": {"part": 0.1, "rtt": 20}, "lossy": {"part": 2, "rtt": 200, "loss": 2},
        "stops": {"part": 2, "rtt": 20}}


def bound(case, viewers, streams):
    return 150 * viewers if case == "normal" else (512 * streams + 732) * viewers


class Camera(Peer):
    def __init__(self, link, case, chunks):
        self.folder = tempfile.mkdtemp(prefix="camspan-memory-")
        for name, text in (("device", SECRET), ("token", TOKEN + "\n")):
            with open(os.path.join(self.folder, name), "w") as file:
                file.write(text)
        endless = case.endswith("-endless")
        marks = MARKS if case.endswith("-marks") else (0, 0, 0)
        words = [str(0 if endless else RATE), chunks, *(str(mark) for mark in marks)]
        environment = ["env", "CAMSPAN_DEVICE_FILE=" + os.path.join(self.folder, "device"),
                       "CAMSPAN_LAN_TOKEN_FILE=" + os.path.join(self.folder, "token")]
        super().__init__(CAMERA, str(PORT), os.path.join(BUILD, "tests", "support", "iv_camera"),
                         [*link.words(link.camera), *environment], words)
        self.wait("port")

    def memory(self):
        """KB: Private_Dirty + Swap, and Pss_Anon to compare."""
        with open("/proc/%d/smaps_rollup" % self.process.pid) as file:
            told = {line.split(":")[0]: int(line.split()[1]) for line in file if line.endswith("kB\n")}
        return told["Private_Dirty"] + told["Swap"], told["Pss_Anon"]

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def post(link, sdp):
    done = subprocess.run(
        [*link.words(link.viewer), "curl", "-sS", "-f", "-m", "30", "-H", "authorization: Bearer " + TOKEN, "-H", "content-type: application/sdp",
         "--data-binary", "@-", "http://%s:%d/whep/cam1?action=live" % (CAMERA, PORT)], input=sdp, capture_output=True)
    return done.stdout if done.returncode == 0 else None


class Viewers(Peer):
    """m viewers of n streams each."""

    def __init__(self, link, viewers, streams):
        super().__init__("viewer", VIEWER, PROGRAM, link.words(link.viewer))
        label = "|".join("action=live&channel=0&n=%d" % number for number in range(streams))
        for name in range(viewers):
            self.say("connect", name, label)
            offer = base64.b64decode(self.wait("offer", name))
            answers = []
            wait_for(lambda: answers.append(post(link, offer)) or answers[-1], "the camera's answer")
            self.say("answer", name, base64.b64encode(answers[-1]).decode())
            for _ in range(streams):
                self.wait("open", name)


def samples(camera, seconds, all_seen):
    """The most of so long, 2 samples a second."""
    begin, most = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        memory, anonymous = camera.memory()
        stats = camera.stats()
        all_seen.append([round(time.monotonic(), 1), memory, anonymous, int(stats["heap_kb"]), int(stats["buffered"]) >> 10])
        most = max(most, memory)
        time.sleep(0.5)
    return most


def shape(link, kind, rate):
    part = WEAK[kind] if kind in WEAK else {"part": 2, "rtt": 20}
    narrow = rate * part["part"]
    link.shape(part.get("loss", 0), part["rtt"], narrow, max(narrow / 8 * 0.1, 30000))


def measure(link, case, viewers, streams, seconds, chunks):
    kind = case.split("-")[0]
    rate = RATE * viewers * streams
    shape(link, "normal", rate)
    seen = []
    with Camera(link, case, chunks) as camera:
        cold = camera.memory()[0]
        with Viewers(link, 1, streams):
            samples(camera, 2, [])
        wait_for(lambda: camera.stats()["handles"] == 0, "the first viewer to be gone")
        samples(camera, 3, [])
        base = camera.memory()[0]
        begin = time.monotonic()
        with Viewers(link, viewers, streams) as watching:
            samples(camera, SETTLE if kind == "normal" else 4, seen)
            usual = most = samples(camera, seconds if kind == "normal" else 5, seen)
            later = None
            if kind != "normal":
                shape(link, kind, rate)
                if kind == "stops":
                    watching.process.send_signal(signal.SIGSTOP)
                most = max(most, samples(camera, STOPPED if kind == "stops" else seconds, seen))
                watching.process.send_signal(signal.SIGCONT)
                shape(link, "normal", rate)
                samples(camera, BACK, seen)
                later = samples(camera, 3, seen) - base
            left = int(camera.stats()["handles"])
    for sample in seen:
        sample[0] = round(sample[0] - begin, 1)
    return {"cold": cold, "base": base, "usual": usual - base, "most": most - base, "later": later, "handles": left, "samples": seen}


def row(key, cell):
    case, viewers, streams = key.split()
    limit = bound(case, int(viewers), int(streams))
    return "| %s | %s | %s | %d | %d | %d | %s | %s | %d of %d |" % (
        case, viewers, streams, cell["base"], cell["most"], limit, "yes" if cell["most"] <= limit else "**no**",
        "-" if cell["later"] is None else "%d / %d" % (cell["usual"], cell["later"]), cell["handles"], int(viewers) * int(streams))


def table(measured):
    print("| case | m | n | before KB | most KB more | bound KB | within | usual / 10 s after KB | streams at the end |")
    print("|---|---|---|---|---|---|---|---|---|")
    for key in measured:
        print(row(key, measured[key]))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cases", default="normal,half-marks,half-endless,tenth-marks,tenth-endless,lossy-marks,lossy-endless,stops-marks,stops-endless")
    options.add_argument("--viewers", default="1,2,4,8,16")
    options.add_argument("--streams", default="1,2,4")
    options.add_argument("--seconds", type=float, default=120)
    options.add_argument("--chunks", choices=["keep", "free"], default="keep")
    options.add_argument("--results")
    options.add_argument("--table", action="store_true")
    given = options.parse_args()
    measured = cells.kept(given.results)
    if given.table:
        table(measured)
        return
    with Link() as link:
        def cell(case, viewers, streams):
            return measure(link, case, int(viewers), int(streams), given.seconds, given.chunks)

        cells.fill(measured, given.results, (given.cases, given.viewers, given.streams), cell, row)


if __name__ == "__main__":
    main()
