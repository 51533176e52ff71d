#!/usr/bin/env python3
"""Measures Camspan beside its peers and prints tables for docs/benchmarks.md.

  tests/bench/run.py [--rounds 5] [--mib 1024] [--only NAME] [--json FILE]

Everything runs on loopback over TLS 1.3, the client pinned to one core and the server to another; peers alternate within one
run, and each figure is the median of its rounds. Needs the preset `release` built with -DCAMSPAN_BENCH=ON (done here)."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import spool
from peers import (BENCH, BITS, BUILD, CLIENT_CORE, GIB, LOAD, MIB, ROOT, SECONDS, Place, Run, check_complete, cpu_of, cpu_while,
                   median_row, peak_mib, remove_records, sleeps_of, start_hub, start_nginx_rtmp, warm_memory)


def memory_client(place, url, size, piece):
    return [os.path.join(BENCH, "push_memory"), url, place.cert, str(size), str(piece)]


def bench_upload(place, options):
    """H2Push from memory beside curl --http2, both into nghttpd."""
    size = options.size
    server = place.nghttpd()
    url = "https://localhost:%d/" % server.port
    samples = {"curl": [], "H2Push": [], "h2sink": []}
    sink = ["gst-launch-1.0", "-q", "fakesrc", "num-buffers=%d" % (size // 65536), "sizetype=fixed", "sizemax=65536", "filltype=nothing",
            "!", "h2sink", "location=" + url, "ca-file=" + place.cert, "content=raw", "leaky=no", "drain-timeout=60000"]
    env = dict(os.environ, GST_PLUGIN_PATH=os.path.join(BUILD, "plugins"),
               GST_REGISTRY_1_0=os.path.join(place.folder, "registry.bin"))
    Run(["gst-inspect-1.0", "h2sink"], env)  # fills the registry
    try:
        for _ in range(options.rounds):
            for name, command in (("curl", place.curl(url)), ("H2Push", memory_client(place, url, size, 65536)), ("h2sink", sink)):
                run = Run(command, env)
                if name == "H2Push":
                    check_complete(run.text)
                samples[name].append({"MB/s": size / 1e6 / run.seconds, "CPU s/GiB": run.cpu * GIB / size, "peak MiB": run.peak_mib})
    finally:
        server.stop()
    return {name: median_row(rows) for name, rows in samples.items()}


def bench_pieces(place, options):
    """2,048-byte buffers with a backlog, beside one TLS record each."""
    # Whether the receiver sleeps between two records decides what a record costs (4 to 9 us), and it changes from run to run:
    # three short runs for each round give a median that stays.
    size = options.size // 4
    server = place.nghttpd()
    samples = {"one record each": [], "H2Push": []}
    each = [os.path.join(BENCH, "record_each"), "127.0.0.1", str(server.port), place.cert, str(size), "2048"]
    ours = memory_client(place, "https://localhost:%d/" % server.port, size, 2048)
    try:
        for _ in range(options.rounds * 3):
            for name, command in (("one record each", each), ("H2Push", ours)):
                slept = sleeps_of(server.pid)
                run = Run(command)
                result = check_complete(run.text)
                samples[name].append({"CPU us/buffer": run.cpu * 1e6 * 2048 / size, "buffers/s": size / 2048 / result["seconds"],
                                      "receiver's sleeps/buffer": (sleeps_of(server.pid) - slept) * 2048 / size})
    finally:
        server.stop()
    rows = {name: median_row(some) for name, some in samples.items()}
    for name, some in samples.items():
        rows[name]["least us"], rows[name]["most us"] = (f(sample["CPU us/buffer"] for sample in some) for f in (min, max))
    return rows

def flv_body(place, size):
    """An FLV of large inter frames: what a hub parses, counts and throws away."""
    path = os.path.join(place.folder, "film.flv")

    def tag(kind, time_ms, payload):
        head = bytes([kind]) + len(payload).to_bytes(3, "big") + (time_ms & 0xffffff).to_bytes(3, "big") + bytes([time_ms >> 24, 0, 0, 0])
        return head + payload + (11 + len(payload)).to_bytes(4, "big")

    avc = bytes.fromhex("1700000000" "0142c01effe1000967" "42c01e95a0501e84" "01000468ce3c80")
    with open(path, "wb") as file:
        file.write(b"FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00" + tag(9, 0, avc))
        number = 0
        while file.tell() < size:
            key = number % 50 == 0
            file.write(tag(9, number * 40, bytes([0x17 if key else 0x27, 1, 0, 0, 0]) + b"\x00\x00\x3a\x93" + b"\x65" * 14995))
            number += 1
    return path

def bench_sink(place, options):
    """The hub as a sink that records nothing, beside nghttpd; curl is the client."""
    film = flv_body(place, options.size)
    size = os.path.getsize(film)
    hub, token = start_hub(place, False)
    nghttpd = place.nghttpd()
    samples = {"nghttpd": [], "camspan-hub": []}
    fields = ["-H", "content-type: video/x-flv", "-H", "authorization: Bearer " + token]
    try:
        for _ in range(options.rounds):
            for name, server, path in (("nghttpd", nghttpd, "/"), ("camspan-hub", hub, "/ingest/cam1")):
                before = cpu_of(server.pid)
                command = place.curl("https://localhost:%d%s" % (server.port, path), *fields)
                command[command.index(place.body)] = film
                run = Run(command)
                samples[name].append({"MB/s": size / 1e6 / run.seconds, "CPU s/GiB": (cpu_of(server.pid) - before) * GIB / size,
                                      "peak MiB": peak_mib(server.pid)})
    finally:
        hub.stop()
        nghttpd.stop()
        os.remove(film)
    return {name: median_row(rows) for name, rows in samples.items()}

def bench_cameras(place, options):
    """Cameras at 2 Mbit/s that one core takes and records, beside nginx-rtmp (RTMP without TLS)."""
    count = 300  # near what a core takes: idle time between frames would cost wake-ups that a full core does not have
    token_env = dict(os.environ)
    samples = {}
    warm_memory(place)
    for _ in range(options.rounds):
        nginx = start_nginx_rtmp(place)
        hub, token_env["CAMSPAN_BENCH_TOKEN"] = start_hub(place, True, count)
        ours = [os.path.join(BENCH, "cameras")]
        load = [str(count), str(BITS), str(SECONDS + 4)]
        peers = [("camspan-hub", hub, ours + ["http://localhost:%d/ingest/" % hub.plain, place.cert] + load),
                 ("camspan-hub, TLS", hub, ours + ["https://localhost:%d/ingest/" % hub.port, place.cert] + load)]
        if nginx:
            peers.insert(0, ("nginx-rtmp", nginx, LOAD + ["rtmp-cameras", "127.0.0.1:%d" % nginx.port] + load))
        try:
            for name, server, command in peers:
                share, _ = cpu_while(server, command, token_env)
                samples.setdefault(name, []).append({"cameras/core": count / share, "peak MiB": peak_mib(server.pid)})
        finally:
            for server in filter(None, (hub, nginx)):
                server.stop()
            remove_records(place)
    return {name: median_row(rows) for name, rows in samples.items()}

def bench_viewers(place, options):
    """Viewers of one camera at 2 Mbit/s that one core serves while it records: HTTP-FLV, beside RTMP from nginx-rtmp."""
    count = 400
    token_env = dict(os.environ)
    samples = {}
    warm_memory(place)
    for _ in range(options.rounds):
        nginx = start_nginx_rtmp(place)
        hub, token_env["CAMSPAN_BENCH_TOKEN"] = start_hub(place, True, viewers_per_device=count)
        load = ["1", str(BITS), str(SECONDS + 10)]
        flv = LOAD + ["flv-players", "localhost:%d", str(count), str(SECONDS + 4)]
        peers = [("camspan-hub", hub, [os.path.join(BENCH, "cameras"), "http://localhost:%d/ingest/" % hub.plain, place.cert] + load,
                  flv[:3] + ["localhost:%d" % hub.plain] + flv[4:]),
                 ("camspan-hub, TLS", hub, [os.path.join(BENCH, "cameras"), "https://localhost:%d/ingest/" % hub.port, place.cert] + load,
                  flv[:3] + ["localhost:%d" % hub.port] + flv[4:] + [place.cert])]
        if nginx:
            peers.insert(0, ("nginx-rtmp", nginx, LOAD + ["rtmp-cameras", "127.0.0.1:%d" % nginx.port] + load,
                             LOAD + ["rtmp-players", "127.0.0.1:%d" % nginx.port, str(count), str(SECONDS + 4)]))
        try:
            for name, server, camera_command, viewer_command in peers:
                camera = subprocess.Popen(["taskset", "-c", CLIENT_CORE, *camera_command], stdout=subprocess.DEVNULL, env=token_env)
                time.sleep(2)
                share, result = cpu_while(server, viewer_command, token_env)
                # Each has to have got the stream, or the figure means nothing.
                if result["least"] < BITS / 8 * SECONDS:
                    raise RuntimeError("%s: a viewer got %d bytes only" % (name, result["least"]))
                camera.wait(60)
                samples.setdefault(name, []).append({"viewers/core": count / share, "peak MiB": peak_mib(server.pid)})
        finally:
            for server in filter(None, (hub, nginx)):
                server.stop()
            remove_records(place)
    return {name: median_row(rows) for name, rows in samples.items()}


def bench_paced(place, options):
    """2,048-byte buffers at 2,000 a second: from push() to the receiver, us. Nothing waits for company."""
    samples = []
    for _ in range(options.rounds):
        run = subprocess.run([os.path.join(BENCH, "paced"), place.cert, place.key, "2048", "2000", "4"], capture_output=True, text=True,
                             check=True, env=dict(os.environ, SSL_CERT_FILE=place.cert))
        result = check_complete(run.stdout)
        samples.append({key: result[key] for key in ("p50", "p99", "max")})
    return {"H2Push": median_row(samples)}


BENCHES = {"upload": bench_upload, "pieces": bench_pieces, "paced": bench_paced, "sink": bench_sink, "cameras": bench_cameras,
           "viewers": bench_viewers, "spool-drain": spool.bench_drain, "spool-cost": spool.bench_cost, "spool-outage": spool.bench_outage}


def print_table(title, rows):
    columns = list(next(iter(rows.values())))
    print("\n%s\n\n| | %s |\n|---|%s" % (title, " | ".join(columns), "---|" * len(columns)))
    for name, row in rows.items():
        print("| %s | %s |" % (name, " | ".join("%.3g" % row[column] if row[column] else "" for column in columns)))
    sys.stdout.flush()


def build():
    for command in (["cmake", "--preset", "release", "-DCAMSPAN_BENCH=ON"], ["cmake", "--build", "--preset", "release"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout[-4000:] + done.stderr[-4000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each peer, alternating [5]")
    parser.add_argument("--mib", type=int, default=1024, help="size of an upload [1024]")
    parser.add_argument("--drain-seconds", type=int, default=20,
                        help="how long live is watched beside a spool that drains (1 GiB takes 290) [20]")
    parser.add_argument("--only", default="", help="those whose names begin so, of " + ", ".join(BENCHES))
    parser.add_argument("--json", help="write the medians to this file, too")
    options = parser.parse_args()
    options.size = options.mib * MIB
    build()
    results = {}
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        place = Place(folder, options.size)
        for name, bench in BENCHES.items():
            if name.startswith(options.only):
                results[name] = bench(place, options)
                print_table(bench.__doc__, results[name])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
