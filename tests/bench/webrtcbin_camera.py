"""GStreamer's webrtcbin in the place of `p2p_peer camera`: the same lines in and out, the same labels of channels. Python
only hands ready-made messages over, 16 KiB each."""
import base64
import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from webrtcbin_peer import GLib, Gst, GstWebRTC, Webrtcbin  # noqa: E402

MESSAGE = 16384
BUFFERED = 512 << 10  # as our own send space
FRAME_MS = 40


def number_of(label, key):
    for pair in label.split("&"):
        if pair.startswith(key + "="):
            return int(pair.split("=")[1])
    return 0


class Camera(Webrtcbin):
    def __init__(self, whole):
        super().__init__()
        self.whole = whole
        self.sent = 0
        self.bin.connect("on-data-channel", self._on_channel)
        self.bin.connect("notify::ice-gathering-state", self._tell)
        self.pipeline.set_state(Gst.State.PLAYING)

    def answer(self, sdp):
        self._ask("set-remote-description", self._description(GstWebRTC.WebRTCSDPType.OFFER, sdp))
        reply = self._ask("create-answer", None)
        self._ask("set-local-description", reply.get_value("answer"))
        return self._gathered()

    def _on_channel(self, _, channel):
        self.channel = channel
        self.label = channel.get_property("label")
        channel.set_property("buffered-amount-low-threshold", BUFFERED // 2)
        channel.connect("on-buffered-amount-low", lambda _: self._fill())
        if number_of(self.label, "rate"):
            GLib.timeout_add(FRAME_MS, self._frame)
        else:
            self._fill()

    def _send(self, size):
        self.channel.emit("send-data", self.whole if size == MESSAGE else GLib.Bytes.new(b"m" * size))
        self.sent += size

    def _fill(self):
        wanted = number_of(self.label, "send")
        while self.sent < wanted and self.channel.get_property("buffered-amount") < BUFFERED:
            self._send(MESSAGE)

    def _frame(self):
        if self.bin is None:
            return False
        size = number_of(self.label, "rate") // 8 // 25
        for at in range(0, size, MESSAGE):
            self._send(min(MESSAGE, size - at))
        return True


def stats(cameras):
    fields = {}
    for path, key in (("/proc/self/smaps_rollup", "Anonymous"), ("/proc/self/status", "Threads")):
        with open(path) as file:
            fields[key] = [line.split()[1] for line in file if line.startswith(key + ":")][0]
    use = resource.getrusage(resource.RUSAGE_SELF)
    return "stats links=%d anon_kb=%s threads=%s cpu_us=%d sent=%d" % (
        len(cameras), fields["Anonymous"], fields["Threads"], (use.ru_utime + use.ru_stime) * 1e6,
        sum(camera.sent for camera in cameras.values()))


def main():
    Gst.init(None)
    whole = GLib.Bytes.new(b"m" * MESSAGE)
    cameras = {}
    for line in sys.stdin:
        words = line.split()
        if words[0] == "offer":
            camera = cameras[words[1]] = Camera(whole)
            answer = camera.answer(base64.b64decode(words[2]).decode())
            print("answer", words[1], base64.b64encode(answer.encode()).decode(), flush=True)
        elif words[0] == "leave":
            cameras.pop(words[1]).stop()
        elif words[0] == "stats":
            print(stats(cameras), flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)
