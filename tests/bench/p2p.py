#!/usr/bin/env python3
"""Measures our peer-to-peer transport beside GStreamer's webrtcbin: cameras without GStreamer's media, viewers (ours, the
same for both) in another process and network namespace, rounds of the two alternated, medians. Each row ends with the
figure, the peer's, their ratio and the floor.
  tests/bench/p2p.py [--rounds N] [--viewers N] [--megabytes N] [--opens N] [--only ROW]...
ROW: flow idle crowd open tail delayed links collapse1 collapse2 collapse4 chromium; each takes at most some minutes. Needs root,
and a build with -DCAMSPAN_BENCH=ON: CAMSPAN_BUILD names it (build/release by default)."""
import argparse
import asyncio
import base64
import contextlib
import functools
import os
import statistics
import subprocess
import time

from tun import CAMERA, ROOT, VIEWER, Link, mathis  # before what it makes reachable
import p2p_camera
import p2p_peer
from harness import DEADLINE, gst_environment, wait_for
from networks import LoneHost, figures, run
from p2p_memory import BACK_KB, FILM_BITS, bound_of, collapse
from p2p_peer import Peer

IDLE, RATE = "echo=1", "rate=2000000"  # labels of channels
SETTLE = 3  # seconds after the last viewer came
WEBRTCBIN = ("/usr/bin/python3", os.path.join(ROOT, "tests", "bench", "webrtcbin_camera.py"))
KINDS = ("ours", "webrtcbin")
TAIL_MS = 1000  # of a handshake's timer at its default
RTT_MS = 50
NARROW = 4000000  # bit/s
LOSS = 1  # percent


def program(name, otherwise):
    beside = os.path.join(os.environ["CAMSPAN_BUILD"], "tests", "bench", name)
    return beside if os.path.exists(beside) else otherwise


def peer(role, address="all", prefix=()):
    return Peer(role, address, program("p2p_peer_bench", p2p_peer.PROGRAM), prefix)


def camera(kind, address="all", prefix=()):
    return peer("camera", address, prefix) if kind == "ours" else Peer("camera", prefix=[*prefix, *WEBRTCBIN])


def film_camera(*words):
    return p2p_camera.Camera(FILM_BITS, program("p2p_camera_bench", p2p_camera.PROGRAM), *words)


@contextlib.contextmanager
def two_hosts():
    """Two namespaces with loopback, as the prefixes of commands that run there."""
    names = ["cs-bench-%s-%d" % (side, os.getpid()) for side in "ab"]
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in names:
            run("ip", "netns", "del", name)


@contextlib.contextmanager
def apart(kind):
    """(camera, viewer) on two hosts with a cable between."""
    addresses = ["10.78.0.1", "10.78.0.2"]
    with two_hosts() as inside:
        a, b = (prefix[-1] for prefix in inside)
        run("ip", "-n", a, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", b)
        for name, address in zip((a, b), addresses):
            run("ip", "-n", name, "addr", "add", address + "/24", "dev", "cable")
            run("ip", "-n", name, "link", "set", "cable", "up")
        with camera(kind, addresses[0], inside[0]) as cam, peer("viewer", addresses[1], inside[1]) as view:
            yield cam, view


def show(what, ours, other, floor, met):
    """One row of the table; a `floor` of two says what both are held against."""
    ratio = "%.2f" % (ours / other) if other else "-"
    print("%-52s %9.1f %12s %7s  %-34s %s" % (what, ours, "%.1f" % other if other else "-", ratio, floor,
                                              "met" if met else "MISSED"), flush=True)


def say(words, *values):
    print("  " + words % values, flush=True)


class Cleanups:
    """What hosts and the page's driver need of a test case."""

    def __init__(self):
        self.cleanups, self.processes = [], []

    def start(self, *command, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        self.processes.append(subprocess.Popen(list(command), **options))
        return self.processes[-1]

    def addCleanup(self, function, *words):
        self.cleanups.append((function, words))

    def clean_up(self):
        for function, words in reversed(self.cleanups):
            function(*words)
        for process in self.processes:
            process.kill()
            process.wait()


# -- one channel, as fast as it goes

def throughput(kind, megabytes):
    """(MB/s, CPU seconds of the camera for a GB)"""
    size = megabytes * 1000000 // 16384 * 16384
    with apart(kind) as (cam, view):
        opened = view.watch(cam, "1", "send=%d&expect=%d" % (size, size))
        before = cam.stats()["cpu_us"]
        received, took = (int(word) for word in view.wait("done", "1", deadline=120).split())
        cpu = cam.stats()["cpu_us"] - before
    return received / 1e3 / max(1, took - opened), cpu / 1e6 / (received / 1e9)


def flow(options):
    seen = {kind: [] for kind in KINDS}
    for number in range(options.rounds):
        for kind in KINDS:
            seen[kind].append(throughput(kind, options.megabytes))
            say("round %d %s: %.1f MB/s, %.1f CPU s/GB", number, kind, *seen[kind][-1])
    speed, cpu = ([statistics.median(each[i] for each in seen[kind]) for kind in KINDS] for i in (0, 1))
    show("CPU s/GB, one reliable channel, 16 KB messages", *cpu, "<= 0.5x webrtcbin", cpu[0] <= 0.5 * cpu[1])
    show("throughput, one channel, MB/s", *speed, ">= 1.5x webrtcbin", speed[0] >= 1.5 * speed[1])


# -- many viewers

def many(kind, viewers, label):
    """KB a viewer from the first to the last, camera CPU percent with all, threads with one and with all"""
    with apart(kind) as (cam, view):
        view.watch(cam, "0", label)
        time.sleep(SETTLE)
        first = cam.stats()
        for number in range(1, viewers):
            view.watch(cam, str(number), label)
        time.sleep(SETTLE)
        begin, last = time.monotonic(), cam.stats()
        time.sleep(5)
        end, later = time.monotonic(), cam.stats()
    return ((last["anon_kb"] - first["anon_kb"]) / (viewers - 1), (later["cpu_us"] - last["cpu_us"]) / 1e4 / (end - begin),
            first["threads"], last["threads"])


def crowd(name, label, options):
    seen = {kind: [] for kind in KINDS}
    for number in range(options.rounds):
        for kind in KINDS:
            seen[kind].append(many(kind, options.viewers, label))
            say("round %d %s, %d viewers %s: %.0f KB each, CPU %.1f %%, %d -> %d threads", number, kind, options.viewers, name,
                *seen[kind][-1])
    memory, cpu, one, all_of = ([statistics.median(each[i] for each in seen[kind]) for kind in KINDS] for i in range(4))
    what = "%d viewers %s: " % (options.viewers, name)
    show(what + "KB each", *memory, "<= 130 KB and <= 0.15x webrtcbin", memory[0] <= min(130, 0.15 * memory[1]))
    show(what + "threads", all_of[0], all_of[1], "as with one viewer (%d), <= 6" % one[0], all_of[0] == one[0] <= 6)
    if label != IDLE:
        show(what + "camera CPU, %", *cpu, "<= 0.4x webrtcbin", cpu[0] <= 0.4 * cpu[1])


# -- opening

def open_ms(cam, view, name):
    """From the offer's way to the camera to the open channel; candidates are gathered before."""
    view.say("connect", name, "echo=1")
    offer = base64.b64decode(view.wait("offer", name)).decode()
    begin = time.monotonic()
    view.say("answer", name, base64.b64encode(cam.answer(name, offer).encode()).decode())
    view.wait("open", name)
    return (time.monotonic() - begin) * 1000


def opens(kind, count):
    with camera(kind) as cam, peer("viewer") as view:
        return [open_ms(cam, view, str(number)) for number in range(count)]


def view_open_ms(cam, prefix=(), token=""):
    """Of a camspan-view: from its offer, before it knows the host, to the open channel; the POST and all of it included."""
    view = os.path.join(os.environ["CAMSPAN_BUILD"], "tools", "camspan-view")
    told = subprocess.run([*prefix, view, cam.url, "--token", token, "--out", os.devnull, "--stats", "--seconds", "1.2"],
                          capture_output=True, text=True, timeout=DEADLINE).stderr
    return float(figures(told.splitlines()[-1])["open-ms"])


def opening(options):
    seen = {"ours": opens("ours", options.opens), "webrtcbin": opens("webrtcbin", min(options.opens, 10))}
    middle = [statistics.median(seen[kind]) for kind in KINDS]
    longest = [max(seen[kind]) for kind in KINDS]
    show("open, offer by pipe, ms, median of %d" % options.opens, *middle, "<= 35 ms", middle[0] <= 35)
    show("open, offer by pipe, ms, max of %d" % options.opens, *longest, "<= 60 ms", longest[0] <= 60)
    with film_camera() as cam:
        by_whep = [view_open_ms(cam) for _ in range(options.opens)]
    middle, longest = statistics.median(by_whep), max(by_whep)
    show("open, POST of the offer, ms, median of %d" % options.opens, middle, None, "<= 35 ms", middle <= 35)
    show("open, POST of the offer, ms, max of %d" % options.opens, longest, None, "<= 60 ms", longest <= 60)


def with_aiortc(cam, number):
    from test_p2p_interop import watch_with_aiortc

    async def run():
        begin = time.monotonic()
        viewer, *_ = await watch_with_aiortc(cam, "a%d" % number, "echo=1")
        took = time.monotonic() - begin
        await viewer.close()
        return took * 1000

    return asyncio.run(run())


def with_webrtcbin(cam, number):
    from webrtcbin_peer import WebrtcbinViewer
    viewer = WebrtcbinViewer("send=1000")
    try:
        offer = viewer.offer()
        begin = time.monotonic()
        viewer.take_answer(cam.answer("w%d" % number, offer))
        viewer.wait(lambda: viewer.received > 0)
        return (time.monotonic() - begin) * 1000
    finally:
        viewer.stop()


def tail(options):
    for name, watch in (("aiortc", with_aiortc), ("webrtcbin", with_webrtcbin)):
        with peer("camera") as cam:
            seen = [watch(cam, number) for number in range(min(options.opens, 10))]
        say("%s watches our camera: %s ms", name, " ".join("%.0f" % each for each in seen))
        show("open by %s, ms, max of %d" % (name, len(seen)), max(seen), None, "< 1000 ms: no tail of a timer",
             max(seen) < TAIL_MS)


def delayed(options):
    with Link() as link:
        link.shape(rtt=RTT_MS)
        with film_camera(link.words(link.camera), CAMERA, "bench") as cam:
            seen = [view_open_ms(cam, link.words(link.viewer), "bench") / RTT_MS for _ in range(options.opens)]
    middle = statistics.median(seen)
    say("least %.1f, most %.1f round trips", min(seen), max(seen))
    show("open at %d ms RTT, round trips, median of %d" % (RTT_MS, options.opens), middle, None, "<= 8 RTT", middle <= 8)


# -- long links

def carried(link, size):
    """Mbit/s of one reliable channel over a link as it is"""
    size = size // 16384 * 16384
    with peer("camera", CAMERA, link.words(link.camera)) as cam, peer("viewer", VIEWER, link.words(link.viewer)) as view:
        opened = view.watch(cam, "1", "send=%d&expect=%d" % (size, size))
        received, took = (int(word) for word in view.wait("done", "1", deadline=120).split())
    return received * 8 / 1e3 / (took - opened)


def links(options):
    cases = (("no loss", {}, options.megabytes * 1000000, 60e6), ("a bottleneck of 4 Mbit/s", {"rate": NARROW}, 10000000, 0.9 * NARROW),
             ("1 % loss", {"loss": LOSS}, 5000000, 0.9 * mathis(LOSS, RTT_MS)))
    with Link() as link:
        for name, shape, size, floor in cases:
            link.shape(rtt=RTT_MS, **shape)
            seen = [carried(link, size) for _ in range(options.rounds)]
            say("%s", " ".join("%.2f" % one for one in seen))
            middle = statistics.median(seen)
            show("%d ms RTT, %s, Mbit/s" % (RTT_MS, name), middle, None, ">= %.2f Mbit/s" % (floor / 1e6), middle >= floor / 1e6)


# -- a link that collapses

def collapsed(channels, viewers, options):
    seen = []
    for number in range(options.rounds):
        case = Cleanups()
        try:
            host = LoneHost(case, "10.77.0.1")
            with film_camera(host.words()) as cam:
                seen.append(collapse(cam, host, viewers, channels))
        finally:
            case.clean_up()
        say("round %d, %d viewers with %d channel(s): %.0f KB each, %.0f collapsed, %.0f later", number, viewers, channels,
            *seen[-1])
    normal, _, later = (statistics.median(each[i] for each in seen) for i in range(3))
    most = max(each[1] for each in seen)
    show("collapsed link, %d channel(s), KB (normal %.0f)" % (channels, normal), most, None, "<= %d KB" % bound_of(channels),
         most <= bound_of(channels))
    show("  KB over normal 10 s later", later - normal, None, "<= %d KB" % BACK_KB, later - normal <= BACK_KB)


# -- the page

def first_picture(port):
    """(ms to the open channel, ms to a picture) as the page's statistics say, from its asking on."""
    from test_page_p2p import Driver
    steps = ["Asking the camera", "Finding a path", "Securing", "Opening the stream", "Waiting for a picture"]
    processes = Cleanups()
    try:
        page = Driver(processes, "http://127.0.0.1:%d/" % port)
        page.live("direct")
        page.ask("statistics")
        rows, _ = page.wait("the statistics", lambda seen: steps[-1] in seen["statistics"])
        times = [float(rows["statistics"][step].split()[0]) for step in steps]
    finally:
        processes.clean_up()
    return sum(times[:4]), sum(times)


def chromium(options):
    from peers import free_port
    processes = Cleanups()
    port = free_port()
    pipeline = ("videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! x264enc "
                "tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=1000 ! h264parse ! "
                "video/x-h264,stream-format=avc,alignment=au ! flvmux streamable=true ! p2psink device-id=door "
                "signaller=local signaller::port=%d" % port)
    try:
        processes.start("gst-launch-1.0", "-q", *pipeline.split(), env=gst_environment(), stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
        wait_for(lambda: subprocess.run(["curl", "-sf", "http://127.0.0.1:%d/healthz" % port], capture_output=True,
                                        timeout=DEADLINE).returncode == 0, "the camera to serve")
        seen = [first_picture(port) for _ in range(options.rounds)]
    finally:
        processes.clean_up()
    opened, picture = (statistics.median(each[i] for each in seen) for i in (0, 1))
    show("Chromium: channel open, ms", opened, None, "<= 500 ms", opened <= 500)
    show("Chromium: first FLV picture, ms", picture, None, "<= 800 ms", picture <= 800)


ROWS = {"flow": flow, "idle": functools.partial(crowd, "idle", IDLE), "crowd": functools.partial(crowd, "2 Mbit/s", RATE),
        "open": opening, "tail": tail, "delayed": delayed, "links": links, "collapse1": functools.partial(collapsed, 1, 10),
        "collapse2": functools.partial(collapsed, 2, 5), "collapse4": functools.partial(collapsed, 4, 3),
        "chromium": chromium}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--opens", type=int, default=50)
    parser.add_argument("--only", action="append", choices=ROWS)
    options = parser.parse_args()
    print("%-52s %9s %12s %7s  %-34s" % ("what", "ours", "webrtcbin", "ratio", "floor"))
    for name in options.only or ROWS:
        ROWS[name](options)


if __name__ == "__main__":
    main()
