"""WebSocket fan-out beside libwebsockets and Node's ws: python3 tests/bench/ws_fanout.py [--repeat 3] [--seconds 3]

One client publishes, all of them only count bytes. The server has one core, the load the other; the servers take turns
within each repetition, and what is printed are medians. Needs the preset `release` with -DCAMSPAN_BENCH=ON.
"""
import argparse
import json
import statistics
import subprocess
import os

from peers import BENCH, CLIENT_CORE, ROOT, Server, free_port

SERVERS = {
    "camspan": [os.path.join(BENCH, "ws_fanout")],
    "libwebsockets": [os.path.join(BENCH, "ws_fanout_lws")],
    "Node ws": ["node", os.path.join(ROOT, "tests", "bench", "ws_fanout_node.cjs")],
}
# name, clients, bytes, messages a second (0 = closed loop), most messages on their way
CASES = [
    ("4 KiB x 1,000, closed loop", 1000, 4096, 0, 16),
    ("32 KiB x 1,000, closed loop", 1000, 32768, 0, 4),
    ("1,000/s x 4 KiB x 10", 10, 4096, 1000, 0),
]
KEYS = ("deliveries_per_s", "cpu_s_per_gb", "cpu_us_per_delivery", "p50_ms", "p99_ms", "rss_kib_per_client")


def measure(arguments, case, seconds):
    _, clients, size, rate, window = case
    port = free_port()
    server = Server([*arguments, str(port)], port)
    try:
        done = subprocess.run(["taskset", "-c", CLIENT_CORE, os.path.join(BENCH, "ws_fanout_load"), str(port),
                               str(server.pid), str(clients), str(size), str(rate), str(window), str(seconds)],
                              capture_output=True, text=True, timeout=120, check=True)
        return json.loads(done.stdout)
    finally:
        server.process.kill()
        server.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    for case in CASES:
        results = {name: [] for name in SERVERS}
        for _ in range(options.repeat):
            for name, arguments in SERVERS.items():
                results[name].append(measure(arguments, case, options.seconds))
        print("\n## %s" % case[0])
        print("| server | %s | lost |" % " | ".join(KEYS))
        base = {key: statistics.median(one[key] for one in results["libwebsockets"]) for key in KEYS}
        for name, runs in results.items():
            values = {key: statistics.median(one[key] for one in runs) for key in KEYS}
            print("| %s | %s | %s |" % (name, " | ".join(
                "%g (%.2fx)" % (values[key], values[key] / base[key] if base[key] else 0) for key in KEYS),
                any(one["lost"] for one in runs)), flush=True)


if __name__ == "__main__":
    main()
