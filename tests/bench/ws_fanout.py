"""WebSocket fan-out beside libwebsockets and Node's ws, and the hub's: python3 tests/bench/ws_fanout.py [--only ROW,...]

One publishes, all others only count bytes. The server has one core, the load the other; the servers take turns within
each repetition, and what is printed are medians. Rows stand alone, so that they can be measured at different times; with
--json their figures are kept in one file. Needs the preset `release` with -DCAMSPAN_BENCH=ON, libwebsockets-dev and node-ws.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile

from peers import BENCH, CLIENT_CORE, ROOT, SERVER_CORE, Place, Server, free_port, start_hub

OURS, LWS, NODE = "camspan", "libwebsockets", "Node ws"
OURS_TLS, HUB_WS, HUB_HTTP = "camspan, TLS", "camspan-hub, WebSocket", "camspan-hub, HTTP"
ALL = (OURS, LWS, NODE)
HUB = (OURS, HUB_WS, HUB_HTTP)
# name: servers, of which the others are compared with; title, clients, bytes, messages a second (0 = closed loop), most on their way
ROWS = {
    "closed-4k": (ALL, LWS, "4 KiB x 1,000, closed loop", 1000, 4096, 0, 16),
    "closed-32k": (ALL, LWS, "32 KiB x 1,000, closed loop", 1000, 32768, 0, 4),
    "rate": (ALL, LWS, "1,000/s x 4 KiB x 10", 10, 4096, 1000, 0),
    "memory": (ALL, LWS, "memory of 1,000 viewers, 20/s x 4 KiB", 1000, 4096, 20, 0),
    "tls-4k": ((OURS, OURS_TLS), OURS, "4 KiB x 1,000, closed loop, TLS", 1000, 4096, 0, 16),
    "tls-32k": ((OURS, OURS_TLS), OURS, "32 KiB x 1,000, closed loop, TLS", 1000, 32768, 0, 4),
    "hub-4k": (HUB, OURS, "FLV from the hub, 4 KiB x 1,000, closed loop", 1000, 4096, 0, 16),
    "hub-32k": (HUB, OURS, "FLV from the hub, 32 KiB x 1,000, closed loop", 1000, 32768, 0, 4),
}
KEYS = ("deliveries_per_s", "cpu_s_per_gb", "cpu_us_per_delivery", "p50_ms", "p99_ms", "rss_kib_joined", "rss_kib_after", "server_load")
HUB_LIMITS = {"viewers_per_device": 2000, "connections_per_address": 4000}


def start(name, place):
    """@return the server, what the load speaks, the token"""
    if name in (HUB_WS, HUB_HTTP):
        shutil.rmtree(os.path.join(place.folder, "hub-False"), ignore_errors=True)
        hub, token = start_hub(place, False, **HUB_LIMITS)
        hub.port = hub.plain
        return hub, "hub-ws" if name == HUB_WS else "hub-http", token
    port = free_port()
    command = {OURS: [os.path.join(BENCH, "ws_fanout"), str(port)],
               OURS_TLS: [os.path.join(BENCH, "ws_fanout"), str(port), place.cert, place.key],
               LWS: [os.path.join(BENCH, "ws_fanout_lws"), str(port)],
               NODE: ["node", os.path.join(ROOT, "tests", "bench", "ws_fanout_node.cjs"), str(port)]}[name]
    return Server(command, port), "wss" if name == OURS_TLS else "ws", ""


def measure(name, place, case, seconds):
    server, what, token = start(name, place)
    try:
        done = subprocess.run(["taskset", "-c", CLIENT_CORE, os.path.join(BENCH, "ws_fanout_load"), what, str(server.port),
                               str(server.pid), *(str(value) for value in case), str(seconds)],
                              capture_output=True, text=True, timeout=120, env=dict(os.environ, CAMSPAN_BENCH_TOKEN=token))
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (name, done.stderr.strip()))
        return json.loads(done.stdout)
    finally:
        server.process.kill()
        server.process.wait()


def aes_rate(place):
    """MB/s that the server's core encrypts in records of 16 KiB: what TLS can never be faster than."""
    done = subprocess.run(["taskset", "-c", SERVER_CORE, "openssl", "speed", "-seconds", "1", "-bytes", "16384", "-evp",
                           "aes-256-gcm"], capture_output=True, text=True, check=True)
    return float(re.search(r"AES-256-GCM\s+([\d.]+)k", done.stdout, re.IGNORECASE).group(1)) / 1e3


def print_row(title, base_name, results):
    print("\n## %s\n" % title)
    print("| server | %s | lost |\n|---|%s" % (" | ".join(KEYS), "---|" * (len(KEYS) + 1)))
    base = {key: statistics.median(one[key] for one in results[base_name]) for key in KEYS}
    for name, runs in results.items():
        values = {key: statistics.median(one[key] for one in runs) for key in KEYS}
        print("| %s | %s | %s |" % (name, " | ".join(
            "%g (%.2fx)" % (values[key], values[key] / base[key] if base[key] else 0) for key in KEYS),
            any(one["lost"] for one in runs)), flush=True)


def keep(path, row, results):
    kept = {}
    if os.path.exists(path):
        with open(path) as file:
            kept = json.load(file)
    kept[row] = results
    with open(path, "w") as file:
        json.dump(kept, file, indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="of each server, alternating [3]")
    parser.add_argument("--seconds", type=float, default=3, help="measured, of each run [3]")
    parser.add_argument("--only", default=",".join(ROWS), help="rows, of " + ", ".join(ROWS))
    parser.add_argument("--json", help="keep each run's figures in this file, beside those of other rows")
    options = parser.parse_args()
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        place = Place(folder, 0)
        for row in options.only.split(","):
            names, base_name, title, *case = ROWS[row]
            results = {name: [] for name in names}
            for _ in range(options.repeat):
                for name in names:
                    results[name].append(measure(name, place, case, options.seconds))
            print_row(title, base_name, results)
            if row.startswith("tls"):
                print("\nAES-256-GCM of this core: %.0f MB/s" % aes_rate(place), flush=True)
            if options.json:
                keep(options.json, row, results)


if __name__ == "__main__":
    main()
