"""The benches of uploads that outlast an outage: what draining a spool does to live, and what spooling costs."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

from peers import BENCH, CLIENT_CORE, LOAD, free_port, median_row, start_hub

LIVE_BITS = 8000000
SPOOL_SHARE = 80  # percent, the default
COST_BITS = 100000000  # fifty cameras of 2 Mbit/s in one
COST_SECONDS = 15
OUTAGE_BITS = 2000000
OUTAGE_SECONDS = 40
LONG_OUTAGE_SECONDS = 12 * 3600  # of film, as fast as it is taken


@contextlib.contextmanager
def spool_folder():
    """On a disk: in memory a sync costs nothing."""
    folder = tempfile.mkdtemp(dir="/var/tmp")
    try:
        yield os.path.join(folder, "spool")
    finally:
        shutil.rmtree(folder)


def bytes_in(folder):
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # it was sent meanwhile
                total += os.path.getsize(os.path.join(path, name))
    return total


def nowhere():
    """An address where nothing listens."""
    return "https://localhost:%d/ingest/cam0" % free_port()


def start_camera(place, token, url, spool, mode, bits, seconds, spool_bytes):
    command = ["taskset", "-c", CLIENT_CORE, os.path.join(BENCH, "spooled_camera"), url, place.cert, spool, mode, str(SPOOL_SHARE),
               str(bits), str(seconds), str(spool_bytes)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ, CAMSPAN_BENCH_TOKEN=token))


def result_of(camera, timeout):
    output, _ = camera.communicate(timeout=timeout)
    if camera.returncode != 0:
        raise RuntimeError("%s ended with %d" % (camera.args, camera.returncode))
    return json.loads(output)


def watch_live(place, hub, token, spool, size, seconds):
    """Delays of live at a viewer while what lies in the spool follows beside it."""
    before = bytes_in(spool)
    camera = start_camera(place, token, "https://localhost:%d/ingest/cam0" % hub.port, spool, "outage", LIVE_BITS,
                          seconds + 4, size)
    begun = time.monotonic()
    time.sleep(2)
    command = LOAD + ["flv-delays", "localhost:%d" % hub.port, "1", str(seconds), place.cert]
    viewer = subprocess.Popen(["taskset", "-c", CLIENT_CORE, *command], stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, CAMSPAN_BENCH_TOKEN=token))
    drained = None
    while viewer.poll() is None:
        time.sleep(0.5)
        if before and not drained and not bytes_in(spool):
            drained = time.monotonic() - begun
    if viewer.returncode != 0:
        raise RuntimeError("the viewer ended with %d" % viewer.returncode)
    took = drained or time.monotonic() - begun
    left = bytes_in(spool)
    result_of(camera, 60)
    if drained and drained < seconds / 2:
        raise RuntimeError("the spool was empty after %.0f s: make it larger (--mib)" % drained)
    delays = json.loads(viewer.stdout.read())
    return {"p50 ms": delays["p50"], "p99 ms": delays["p99"], "max ms": delays["max"],
            "drained MB/s": max(0, before - left) / 1e6 / took, "left MB": left / 1e6}


def bench_drain(place, options):
    """Live at 8 Mbit/s, from the camera to the hub's viewer, beside a spool that drains (spool-share=80)."""
    samples = {"nothing to drain": [], "draining": []}
    hub, token = start_hub(place, True)
    try:
        for _ in range(options.rounds):
            with spool_folder() as spool:
                samples["nothing to drain"].append(watch_live(place, hub, token, spool, options.size, 20))
            with spool_folder() as spool:
                result_of(start_camera(place, token, nowhere(), spool, "outage-fast", LIVE_BITS, 10000000, options.size), 600)
                samples["draining"].append(watch_live(place, hub, token, spool, options.size, options.drain_seconds))
    finally:
        hub.stop()
        shutil.rmtree(os.path.join(place.folder, "hub-True"), ignore_errors=True)
    return {name: median_row(rows) for name, rows in samples.items()}


def bench_cost(place, options):
    """CPU of a camera at 100 Mbit/s while it is online, by spool-mode."""
    samples = {"outage": [], "always": []}
    hub, token = start_hub(place, True)
    url = "https://localhost:%d/ingest/cam0" % hub.port
    try:
        for _ in range(options.rounds):
            for mode, rows in samples.items():
                with spool_folder() as spool:
                    cost = result_of(start_camera(place, token, url, spool, mode, COST_BITS, COST_SECONDS, 0), 120)
                rows.append({"CPU s/GB": cost["cpu"] * 1e9 / cost["bytes"]})
    finally:
        hub.stop()
        shutil.rmtree(os.path.join(place.folder, "hub-True"), ignore_errors=True)
    return {name: median_row(rows) for name, rows in samples.items()}


def bench_outage(place, options):
    """A camera at 2 Mbit/s with no hub, and twelve hours of it as fast as they are taken, with the defaults."""
    samples = {}
    peers = [("nothing sent", "-", "-"), ("memory alone", nowhere(), "-"), ("spool", nowhere(), None)]
    for _ in range(options.rounds):
        for name, url, spool in peers:
            row = {}
            for mode, seconds, key in (("outage", OUTAGE_SECONDS, "CPU % of a core"), ("outage-fast", LONG_OUTAGE_SECONDS, "")):
                if name == "spool" and not key:
                    continue  # with leaky=no it waits when the spool is full
                with spool_folder() as folder:
                    cost = result_of(start_camera(place, "", url, spool or folder, mode, OUTAGE_BITS, seconds, 0), 600)
                if key:
                    row[key] = 100 * cost["cpu"] / cost["seconds"]
                row["MiB more"] = max(row.get("MiB more", 0), cost["rss_growth"])
            samples.setdefault(name, []).append(row)
    return {name: median_row(rows) for name, rows in samples.items()}
