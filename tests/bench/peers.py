"""What the benches run and measure with: processes on their cores, the hub and its peers, certificates."""
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "release")
BENCH = os.path.join(BUILD, "tests", "bench")
HUB = os.path.join(BUILD, "bridge", "hub", "camspan-hub")
CLIENT_CORE, SERVER_CORE = "0", "1"
MIB = 1 << 20
GIB = 1 << 30

SECONDS = 10  # measured, of each live run
BITS = 2000000  # of each camera
LOAD = [sys.executable, os.path.join(ROOT, "tests", "bench", "live_load.py")]


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


def sleeps_of(pid):
    """How often a process of one thread has gone to sleep."""
    with open("/proc/%d/status" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches:"))


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


def warm_memory(place, mib=4096):
    """A virtual machine gets its memory from the host at first touch, which costs more than all that is measured here: what the
    recordings of a round take is touched before."""
    path = os.path.join(place.folder, "warm")
    with open(path, "wb") as file:
        for _ in range(mib):
            file.write(b"\1" * MIB)
    os.remove(path)

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

def check_complete(text):
    result = json.loads(text)
    if not result["complete"]:
        raise RuntimeError("an upload was not complete: " + text)
    return result

def median_row(samples):
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}

def start_hub(place, record, cameras=1, **limits):
    """The hub on a TLS and a plain port (`plain`), and a token for uploads and viewers."""
    data = os.path.join(place.folder, "hub-%s" % record)
    config = os.path.join(place.folder, "hub.toml")
    with open(config, "w") as file:
        file.write('data = "%s"\nlog_level = "warn"\n[record]\nenabled = %s\n[tls]\ncert = "%s"\nkey = "%s"\n[limits]\n%s\n' %
                   (data, "true" if record else "false", place.cert, place.key,
                    "\n".join("%s = %d" % limit for limit in limits.items())))
    for i in range(cameras):
        subprocess.run([HUB, "--config", config, "device", "add", "cam%d" % i], check=True, capture_output=True)
    token = subprocess.run([HUB, "--config", config, "token", "--device", "*", "--allow", "upload,live", "--ttl", "1h"],
                           check=True, capture_output=True, text=True).stdout.strip()
    port, plain = free_port(), free_port()
    hub = Server([HUB, "--config", config, "--listen", "127.0.0.1:%d" % port, "--plain", "127.0.0.1:%d" % plain], port)
    hub.plain = plain
    return hub, token


def start_nginx_rtmp(place):
    """nginx-rtmp, recording; None where Debian's libnginx-mod-rtmp is not installed."""
    module = "/usr/lib/nginx/modules/ngx_rtmp_module.so"
    if not os.path.exists(module):
        return None
    port = free_port()
    records = os.path.join(place.folder, "nginx-records")
    os.makedirs(records, exist_ok=True)
    os.chmod(place.folder, 0o755)
    config = os.path.join(place.folder, "nginx.conf")
    with open(config, "w") as file:
        file.write("load_module %s; daemon off; master_process off; user root; pid %s/nginx.pid; error_log stderr error;\n"
                   "events { worker_connections 4096; }\n"
                   "rtmp { server { listen 127.0.0.1:%d; chunk_size 4096; application live { live on; record all; record_path %s; } } }\n"
                   % (module, place.folder, port, records))
    return Server(["nginx", "-e", "stderr", "-p", place.folder, "-c", config], port)

def remove_records(place):
    for folder in ("hub-True", "nginx-records"):
        shutil.rmtree(os.path.join(place.folder, folder), ignore_errors=True)

def cpu_while(server, command, env=None):
    """CPU seconds of the server per second, after a warm-up, while a command runs for SECONDS + 4."""
    process = subprocess.Popen(["taskset", "-c", CLIENT_CORE, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    time.sleep(3)
    begin, before = time.monotonic(), cpu_of(server.pid)
    time.sleep(SECONDS)
    share = (cpu_of(server.pid) - before) / (time.monotonic() - begin)
    output, errors = process.communicate(timeout=120)
    if process.returncode != 0:
        raise RuntimeError("%s: %s" % (" ".join(command), errors.strip()))
    return share, json.loads(output)
