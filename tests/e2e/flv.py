"""Reads FLV files, independently of the code under test."""
import struct
from collections import namedtuple

Tag = namedtuple("Tag", "type timestamp data")
AUDIO, VIDEO, SCRIPT = 8, 9, 18


def tags(data, partial=False):
    """All whole tags of a file or stream. Raises ValueError for broken bytes; a cut last tag only if not `partial`."""
    if data[:3] != b"FLV":
        raise ValueError("no FLV header")
    at = struct.unpack(">I", data[5:9])[0] + 4
    found = []
    while at < len(data):
        if at + 11 > len(data):
            break
        kind = data[at]
        size = int.from_bytes(data[at + 1:at + 4], "big")
        timestamp = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        end = at + 11 + size
        if end + 4 > len(data):
            break
        if int.from_bytes(data[end:end + 4], "big") != 11 + size:
            raise ValueError("previous-tag-size does not fit at %d" % end)
        found.append(Tag(kind, timestamp, data[at + 11:end]))
        at = end + 4
    if at != len(data) and not partial:
        raise ValueError("%d bytes of a cut tag at the end" % (len(data) - at))
    return found


def media(all_tags):
    """Audio and video tags, configuration included."""
    return [tag for tag in all_tags if tag.type in (AUDIO, VIDEO)]


def is_config(tag):
    return (tag.type == VIDEO and tag.data[:1] and tag.data[0] & 0x0F == 7 and tag.data[1] == 0) or (
        tag.type == AUDIO and tag.data[:1] and tag.data[0] >> 4 == 10 and tag.data[1] == 0)


def is_picture(tag):
    """AVC NAL units: neither configuration nor end of sequence."""
    return tag.type == VIDEO and tag.data[1] == 1


def is_key(tag):
    return is_picture(tag) and tag.data[0] >> 4 == 1


def generate(seconds, fps=25, gop=25, size=2000, seed=1):
    """An FLV file of random payloads in the shape of AVC and AAC: header, metadata, configuration, media."""
    import random
    rng = random.Random(seed)
    out = bytearray(b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00")

    def put(kind, timestamp, data):
        out.extend(bytes([kind]) + len(data).to_bytes(3, "big") + (timestamp & 0xFFFFFF).to_bytes(3, "big") +
                   bytes([timestamp >> 24 & 0xFF]) + b"\0\0\0" + data + (11 + len(data)).to_bytes(4, "big"))

    put(SCRIPT, 0, b"\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x05width\x00" + struct.pack(">d", 640.0) +
        b"\x00\x00\x09")
    put(VIDEO, 0, b"\x17\x00\x00\x00\x00" + bytes.fromhex("0142c01effe1000467 42c01e01000468ce3c80".replace(" ", "")))
    put(AUDIO, 0, b"\xaf\x00\x12\x10")
    for frame in range(seconds * fps):
        key = frame % gop == 0
        at = frame * 1000 // fps
        put(VIDEO, at, bytes([0x17 if key else 0x27, 1, 0, 0, 0]) + rng.randbytes(size * (5 if key else 1)))
        put(AUDIO, at + 7, b"\xaf\x01" + rng.randbytes(180))
    return bytes(out)
