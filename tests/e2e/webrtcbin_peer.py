"""GStreamer's webrtcbin with one data channel, as the viewer or as the camera of tests."""
import ctypes
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

DEADLINE = 30


_main_loop = []


def _run_main_loop():
    """One for the process, however many there are."""
    if not _main_loop:
        _main_loop.append(GLib.MainLoop())
        threading.Thread(target=_main_loop[0].run, daemon=True).start()


class Webrtcbin:
    def __init__(self):
        Gst.init(None)
        self.changed = threading.Condition()
        self.received = 0
        self.kept = None  # or what is to be kept of that, a bytearray
        self.opened = False
        _run_main_loop()
        self.pipeline = Gst.Pipeline()
        self.bin = Gst.ElementFactory.make("webrtcbin")
        self.pipeline.add(self.bin)

    def wait(self, condition, deadline=DEADLINE):
        end = time.monotonic() + deadline
        with self.changed:
            while not condition():
                if not self.changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError("webrtcbin: waited %d s" % deadline)

    def _tell(self, *_):
        with self.changed:
            self.changed.notify_all()

    def _ask(self, what, argument):
        promise = Gst.Promise.new()
        self.bin.emit(what, argument, promise)
        promise.wait()
        return promise.get_reply()

    def _gathered(self):
        self.wait(lambda: self.bin.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE)
        return self.bin.get_property("local-description").sdp.as_text()

    def _description(self, kind, text):
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        # The description owns it now, which PyGObject 3.42 does not know: it would free it a second time.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(sdp))
        return GstWebRTC.WebRTCSessionDescription.new(kind, sdp)

    def _take_channel(self, channel):
        def on_data(_, data):
            with self.changed:
                self.received += data.get_size()
                if self.kept is not None:
                    self.kept += data.get_data()
                self.changed.notify_all()

        def on_open(_):
            with self.changed:
                self.opened = True
                self.changed.notify_all()

        channel.connect("on-message-data", on_data)
        channel.connect("on-open", on_open)

    def stop(self):
        if self.pipeline is None:
            return
        self.pipeline.set_state(Gst.State.NULL)
        self.pipeline = self.bin = None


class WebrtcbinViewer(Webrtcbin):
    def __init__(self, label):
        super().__init__()
        self.bin.connect("notify::ice-gathering-state", self._tell)
        self.pipeline.set_state(Gst.State.READY)
        self.channel = self.bin.emit("create-data-channel", label, None)
        self._take_channel(self.channel)

    def offer(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        # The reply owns the offer: both have to live until it is taken.
        reply = self._ask("create-offer", None)
        self._ask("set-local-description", reply.get_value("offer"))
        return self._gathered()

    def take_answer(self, sdp):
        self._ask("set-remote-description", self._description(GstWebRTC.WebRTCSDPType.ANSWER, sdp))
