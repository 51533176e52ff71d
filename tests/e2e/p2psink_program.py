"""A program around p2psink that hears the commands of viewers. Words: those of the element. A line for each command."""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

PIPELINE = ("videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! x264enc tune=zerolatency"
            " speed-preset=ultrafast key-int-max=25 bitrate=300 ! h264parse ! flvmux streamable=true ! p2psink name=sink ")


def structure(fields):
    # PyGObject 3.42 knows no other way to set a GBytes.
    made = Gst.Structure.new_empty("reply")
    for key, value in fields.items():
        made.set_value(key, value)
    return made


def answer(_sink, viewer, command):
    command = {name: command.get_value(name) for name in (command.nth_field_name(i) for i in range(command.n_fields()))}
    print(sorted(command.items()), flush=True)
    does = command.get("cmd")
    if does == "ptz_left":
        return structure({"reply": "left"})
    if does == "ptz_right":
        return structure({"status": 409, "reason": "cannot-move-further"})
    if does == "long":
        return structure({"reply": GLib.Bytes.new(b"0123456789" * 20_000)})
    if does == "nothing":
        return structure({})
    return None


def main():
    Gst.init(None)
    pipeline = Gst.parse_launch(PIPELINE + " ".join(sys.argv[1:]))
    pipeline.get_by_name("sink").connect("command", answer)
    pipeline.set_state(Gst.State.PLAYING)
    bus = pipeline.get_bus()
    message = bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.ERROR | Gst.MessageType.EOS)
    sys.exit(str(message.parse_error()) if message.type == Gst.MessageType.ERROR else 0)


if __name__ == "__main__":
    main()
