#!/usr/bin/env python3
"""Measures Camspan beside its peers and prints tables for docs/benchmarks.md.

  tests/bench/run.py [--rounds 5] [--mib 1024] [--only NAME] [--json FILE]

Everything runs on loopback over TLS 1.3, the client pinned to one core and the server to another; peers alternate within one
run, and each figure is the median of its rounds. Needs the preset `release` built with -DCAMSPAN_BENCH=ON (done here)."""
import argparse
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "release")
BENCH = os.path.join(BUILD, "tests", "bench")
HUB = os.path.join(BUILD, "bridge", "hub", "camspan-hub")
CLIENT_CORE, SERVER_CORE = "0", "1"
MIB = 1 << 20
GIB = 1 << 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("%s ended with %d" % (process.args[2], process.returncode))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("nothing listens on port %d" % port)


def cpu_of(pid):
    """CPU seconds of a running process."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


class Server:
    """A process on the server's core, ended with the bench."""

    def __init__(self, arguments, port, env=None):
        self.port = port
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *arguments], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=env)
        wait_for_port(port, self.process)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Run:
    """A command on the client's core, from start to end: its seconds, CPU seconds, peak memory and what it printed."""

    def __init__(self, arguments, env=None):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.monotonic()
        process = subprocess.Popen(["taskset", "-c", CLIENT_CORE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env=env)
        self.peak_mib = 0.0
        while time.monotonic() - begin < 300:
            # The kernel keeps the peak, so the last look has it. rusage will not do: it counts what was before exec.
            self.peak_mib = peak_mib(process.pid) or self.peak_mib
            try:
                self.text, errors = process.communicate(timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
            raise RuntimeError(" ".join(arguments) + ": not done within 300 s")
        self.seconds = time.monotonic() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode != 0:
            raise RuntimeError("%s: %s" % (" ".join(arguments), errors.strip()))
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Place:
    """Certificates and the file that curl sends, in memory where /dev/shm is there."""

    def __init__(self, folder, size):
        self.folder = folder
        self.cert = os.path.join(folder, "cert.pem")
        self.key = os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key,
                        "-out", self.cert], check=True, capture_output=True)
        self.root = os.path.join(folder, "root")
        os.mkdir(self.root)
        with open(os.path.join(self.root, "index.html"), "w") as file:
            file.write("received\n")
        self.body = os.path.join(folder, "body")
        with open(self.body, "wb") as file:
            block = b"\x5a" * MIB
            for _ in range(size // MIB):
                file.write(block)

    def nghttpd(self):
        port = free_port()
        return Server(["nghttpd", "-w24", "-W24", "-d", self.root, "-a", "127.0.0.1", str(port), self.key, self.cert], port)

    def curl(self, url, *more):
        return ["curl", "-s", "-o", os.devnull, "--http2", "--cacert", self.cert, "-X", "POST", "-T", self.body, *more, url]


def memory_client(place, url, size, piece):
    return [os.path.join(BENCH, "push_memory"), url, place.cert, str(size), str(piece)]


def check_complete(text):
    result = json.loads(text)
    if not result["complete"]:
        raise RuntimeError("an upload was not complete: " + text)
    return result


def median_row(samples):
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}


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
    size = options.size // 4
    server = place.nghttpd()
    samples = {"one record each": [], "H2Push": []}
    each = [os.path.join(BENCH, "record_each"), "127.0.0.1", str(server.port), place.cert, str(size), "2048"]
    ours = memory_client(place, "https://localhost:%d/" % server.port, size, 2048)
    try:
        for _ in range(options.rounds):
            for name, command in (("one record each", each), ("H2Push", ours)):
                run = Run(command)
                result = check_complete(run.text)
                samples[name].append({"CPU us/buffer": run.cpu * 1e6 * 2048 / size, "buffers/s": size / 2048 / result["seconds"]})
    finally:
        server.stop()
    return {name: median_row(rows) for name, rows in samples.items()}


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


def start_hub(place, record):
    data = os.path.join(place.folder, "hub-%s" % record)
    config = os.path.join(place.folder, "hub.toml")
    with open(config, "w") as file:
        file.write('data = "%s"\nlog_level = "warn"\n[record]\nenabled = %s\n[tls]\ncert = "%s"\nkey = "%s"\n' %
                   (data, "true" if record else "false", place.cert, place.key))
    subprocess.run([HUB, "--config", config, "device", "add", "cam1"], check=True, capture_output=True)
    token = subprocess.run([HUB, "--config", config, "token", "--device", "*", "--allow", "upload,live", "--ttl", "1h"],
                           check=True, capture_output=True, text=True).stdout.strip()
    port = free_port()
    return Server([HUB, "--config", config, "--listen", "127.0.0.1:%d" % port], port), token


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


BENCHES = {"upload": bench_upload, "pieces": bench_pieces, "sink": bench_sink}


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
    parser.add_argument("--only", choices=sorted(BENCHES), help="one bench alone")
    parser.add_argument("--json", help="write the medians to this file, too")
    options = parser.parse_args()
    options.size = options.mib * MIB
    build()
    results = {}
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=base) as folder:
        place = Place(folder, options.size)
        for name, bench in BENCHES.items():
            if options.only in (None, name):
                results[name] = bench(place, options)
                print_table(bench.__doc__, results[name])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
