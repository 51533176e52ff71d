#!/bin/sh
# A test picture with sound, described to http://127.0.0.1:3000 on port 8080 (or the first argument).
exec gst-launch-1.0 -e -v videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=25/1 ! \
  x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=500 ! h264parse ! queue ! flvmux name=m streamable=true ! \
  wsstreamsink port="${1:-8080}" encoding=json-meta allow-origins="${2:-<http://127.0.0.1:3000>}" \
  audiotestsrc is-live=true ! voaacenc ! aacparse ! queue ! m.
