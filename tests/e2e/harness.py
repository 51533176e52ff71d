"""Starts hubs, pipelines and clients for the end-to-end tests; everything on loopback, on free ports, in a folder that is
removed again."""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import ssl

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("CAMSPAN_BUILD", os.path.join(ROOT, "build", "dev"))
HUB = os.path.join(BUILD, "bridge", "hub", "camspan-hub")
SHARED = os.path.join(os.path.dirname(ROOT), "shared", "data")
DEADLINE = 30


def gst_environment():
    env = dict(os.environ)
    env["GST_PLUGIN_PATH"] = os.path.join(BUILD, "plugins")
    env.setdefault("GST_REGISTRY_1_0", os.path.join(ROOT, "build", "gst-registry.bin"))
    return env


def read_file(path):
    with open(path, "rb") as file:
        return file.read()


def wait_for(condition, what, deadline=DEADLINE):
    """Polls until `condition()` gives something; a condition has no event to wait for across processes."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited %d s for %s" % (deadline, what))
        time.sleep(0.02)


def media_file(name):
    """A file of ../shared/data, or None where it is not beside the project."""
    path = os.path.join(SHARED, name)
    return path if os.path.exists(path) else None


class Hub:
    """A camspan-hub on free ports with its own data folder and one camera, cam1."""

    def __init__(self, folder, extra_config="", device="cam1"):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.config = os.path.join(folder, "hub.toml")
        self.process = None
        self.reserved = []
        self.port = self.reserve_port()
        self.plain_port = self.reserve_port()
        self.runs = 0
        with open(self.config, "w") as file:
            file.write('data = "%s"\n%s' % (self.data, extra_config))
        self.secret_file = os.path.join(folder, "device.toml")
        with open(self.secret_file, "w") as file:
            file.write(self.command("device", "add", device))
        self.upload_token = self.token("upload", device)
        self.view_token = self.token("live,playback", device)

    def reserve_port(self):
        """A port that is the hub's, also while none runs: bound, without listening, for as long as this exists."""
        reserved = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        self.reserved.append(reserved)
        return reserved.getsockname()[1]

    def command(self, *words):
        done = subprocess.run([HUB, "--config", self.config, *words], capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise AssertionError("camspan-hub %s: %s" % (" ".join(words), done.stderr))
        return done.stdout

    def token(self, allow, device="*", ttl="1h"):
        return self.command("token", "--device", device, "--allow", allow, "--ttl", ttl).strip()

    def start(self):
        read_end, write_end = os.pipe()
        self.log_path = os.path.join(self.folder, "hub.%d.log" % self.runs)
        self.runs += 1
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [HUB, "--config", self.config, "--listen", "127.0.0.1:%d" % self.port, "--plain",
                 "127.0.0.1:%d" % self.plain_port, "--ready-fd", str(write_end)],
                stdout=log, stderr=log, pass_fds=[write_end])
        os.close(write_end)
        with os.fdopen(read_end) as ready:
            line = ready.readline()
        if not line:
            raise AssertionError("the hub did not start:\n" + open(self.log_path).read())
        self.ca = os.path.join(self.data, "tls.crt")
        return self

    def log(self):
        with open(self.log_path) as file:
            return file.read()

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)

    def stop(self):
        """Graceful; returns the seconds it took."""
        if not self.process or self.process.poll() is not None:
            return 0
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE)
        return time.monotonic() - begin

    def url(self, path, plain=False):
        return "%s://localhost:%d%s" % ("http" if plain else "https", self.plain_port if plain else self.port, path)

    def get(self, path, token=None, headers=None):
        """(status, headers, body)"""
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (self.plain_port, path), headers=headers or {})
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    def json(self, path, token=None):
        status, _, body = self.get(path, token or self.view_token)
        if status != 200:
            raise AssertionError("%s: %d %s" % (path, status, body))
        return json.loads(body)

    def device(self, name="cam1"):
        return self.json("/api/devices/" + name)

    def recording(self, name="cam1", query=""):
        status, _, body = self.get("/recordings/%s.flv%s" % (name, query), self.view_token)
        if status != 200:
            raise AssertionError("recording: %d %s" % (status, body))
        return body


class Case(unittest.TestCase):
    """A folder of its own, a hub on demand, and no process left behind."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="camspan-e2e-")
        self.processes = []
        self.hubs = []

    def tearDown(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(DEADLINE)
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        for hub in self.hubs:
            hub.stop()
            for reserved in hub.reserved:
                reserved.close()
        failed = any(problem for _, problem in getattr(self._outcome, "errors", [])) if hasattr(self._outcome, "errors") else False
        if failed and self.hubs:
            print("\n-- log of the hub:\n" + self.hubs[-1].log()[-4000:])
        shutil.rmtree(self.folder, ignore_errors=True)

    def hub(self, extra_config="", start=True):
        folder = os.path.join(self.folder, "hub%d" % len(self.hubs))
        os.mkdir(folder)
        hub = Hub(folder, extra_config)
        self.hubs.append(hub)
        if start:
            hub.start()
        return hub

    def small_disk(self, size):
        """A folder that holds `size` bytes."""
        if os.getuid() != 0:
            self.skipTest("mounting a small file system needs root")
        small = os.path.join(self.folder, "small")
        os.mkdir(small)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % size, "tmpfs", small], capture_output=True,
                                 text=True, timeout=DEADLINE)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs can be mounted here: " + mounted.stderr)
        # The last one added comes first.
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], timeout=DEADLINE)
        return small

    def start(self, *command, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen(list(command), **options)
        self.processes.append(process)
        return process

    def certificate(self, name):
        """(certificate, key) for `name`, signed by itself."""
        certificate, key = (os.path.join(self.folder, "%s.%s" % (name, end)) for end in ("crt", "key"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", certificate, "-days", "2", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name],
                       check=True, capture_output=True, timeout=DEADLINE)
        return certificate, key

    def token_file(self, token):
        path = os.path.join(self.folder, "token%d" % random.getrandbits(32))
        with open(path, "w") as file:
            file.write(token + "\n")
        return path

    def h2sink(self, hub, *properties, path="/ingest/cam1", token=None, mode="post"):
        """The element for cam1: by token in mode post, by the device's secret in mode stream."""
        if mode == "stream":
            return ["h2sink", "host=localhost", "port=%d" % hub.port, "ca-file=" + hub.ca, "device-id=cam1",
                    "device-secret-file=" + hub.secret_file, *properties]
        return ["h2sink", "location=" + hub.url(path), "ca-file=" + hub.ca,
                "auth-token-file=" + self.token_file(token or hub.upload_token), *properties]

    def gst_launch(self, *words, **options):
        options.setdefault("env", gst_environment())
        return self.start("gst-launch-1.0", "-e", *words, **options)

    def camera(self, hub, *properties, seconds=None, fps=25, key=25, pattern="ball", kbit=300, copy=None,
               mode="post"):
        """A live test pipeline with picture and sound into h2sink, and into the file `copy`."""
        tee = ["tee", "name=t", "!", "queue", "!", "filesink", "location=" + copy, "t.", "!", "queue", "!"] if copy else []
        limit = ["num-buffers=%d" % (seconds * fps)] if seconds else []
        audio_limit = ["num-buffers=%d" % (seconds * 44100 // 1024)] if seconds else []
        return self.gst_launch(
            "videotestsrc", "is-live=true", "pattern=" + pattern, *limit, "!", "video/x-raw,width=320,height=240,framerate=%d/1" % fps,
            "!", "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=%d" % key, "bitrate=%d" % kbit, "!",
            "h264parse", "!", "queue", "!", "mux.", "audiotestsrc", "is-live=true", *audio_limit, "samplesperbuffer=1024", "!",
            "audio/x-raw,rate=44100,channels=1", "!", "voaacenc", "!", "aacparse", "!", "queue", "!", "mux.", "flvmux",
            "name=mux", "streamable=true", "!", *tee, *self.h2sink(hub, *properties, mode=mode))
