"""A camera for tests/bench/loss.py: p2psink with an encoder that it sets. Arguments: bit/s, then words for p2psink.
Prints "first NS", when its first picture was taken (CLOCK_MONOTONIC), and each bitrate that it is told: "bitrate BITS"."""
import sys
import time

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

# Noise in blobs: it costs the encoder what it is given, and a key frame more than others.
PIPELINE = ("videotestsrc name=source is-live=true pattern=snow ! video/x-raw,width=80,height=60,framerate=25/1 ! videoscale !"
            " video/x-raw,width=640,height=360 ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast key-int-max=50"
            " bitrate=%d vbv-buf-capacity=300 ! h264parse ! video/x-h264,stream-format=avc,alignment=au ! flvmux streamable=true !"
            " p2psink encoder=encoder start-bitrate=%d max-bitrate=%d min-bitrate=150000 ")


def first_picture(_pad, _info):
    print("first", time.monotonic_ns(), flush=True)
    return Gst.PadProbeReturn.REMOVE


def main():
    Gst.init(None)
    bits = int(sys.argv[1])
    pipeline = Gst.parse_launch(PIPELINE % (bits // 1000, bits, bits) + " ".join(sys.argv[2:]))
    pipeline.get_by_name("source").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, first_picture)
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    while True:
        message = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.ERROR | Gst.MessageType.ELEMENT)
        if message.type == Gst.MessageType.ERROR:
            sys.exit(str(message.parse_error()))
        told = message.get_structure()
        if told.get_name() == "p2psink/bitrate":
            print("bitrate", told.get_value("bitrate"), flush=True)


if __name__ == "__main__":
    main()
