"""Writes raw I420 frames with the clock burned in, paced to real time: clock_frames.py WIDTH HEIGHT FPS SECONDS > pipe
24 bars across the top 16 lines, most significant first, light = 1: milliseconds since 1970 modulo 2^24."""
import sys
import time

width, height, fps, seconds = (int(word) for word in sys.argv[1:5])
bars = 24
chroma = bytes([128]) * (width * height // 2)
begin = time.monotonic()
for frame in range(fps * seconds):
    wait = begin + frame / fps - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    value = int(time.time() * 1000) % (1 << bars)
    line = b"".join(bytes([235 if value >> (bars - 1 - x * bars // width) & 1 else 16]) for x in range(width))
    # A block that wanders, so that the rest of the picture moves too.
    at = frame * 4 % (width - 32)
    rest = bytearray(bytes([96]) * width)
    rest[at:at + 32] = bytes([200]) * 32
    try:
        sys.stdout.buffer.write(line * 16 + bytes(rest) * (height - 16) + chroma)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        break
