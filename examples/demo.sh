#!/usr/bin/env bash
# Shows Camspan working: installs what is missing, builds, starts a hub and a camera, prints the page's address and a line
# of status every second. The hub records the camera; to the page its pictures go straight. Ctrl-C ends everything. Nothing
# is left behind but the build folder.
#   examples/demo.sh [--test-picture] [--seconds N] [--port N]
set -euo pipefail
cd "$(dirname "$0")/.."

picture=auto seconds=0 port=8443
while [ $# -gt 0 ]; do
  case "$1" in
    --test-picture) picture=test ;;
    --seconds) seconds="${2:?--seconds needs a number}"; shift ;;
    --port) port="${2:?--port needs a number; 0 = any free one}"; shift ;;
    -h|--help) sed -n '2,5s/^# \?//p' "$0"; exit 0 ;;
    *) echo "unknown option $1: see examples/demo.sh --help" >&2; exit 2 ;;
  esac
  shift
done

tools/install-dependencies.sh build demo
if [ ! -x build/release/bridge/hub/camspan-hub ] || [ ! -f build/release/plugins/libgstcamspan.so ]; then
  echo "Building (a few minutes the first time)..."
fi
cmake --preset release > build.log 2>&1 && cmake --build --preset release >> build.log 2>&1 || { tail -40 build.log; exit 1; }
rm -f build.log

hub=build/release/bridge/hub/camspan-hub
work=$(mktemp -d)
hub_pid="" camera_pid=""
finish() {
  trap - EXIT INT TERM
  echo
  # The camera first, so that the hub has its last picture.
  for pid in $camera_pid $hub_pid; do
    kill -INT "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
  echo "Stopped. Nothing is left running."
}
trap finish EXIT
trap 'exit 0' INT TERM

name=front-door
"$hub" --data "$work/data" device add "$name" > "$work/device.toml"
"$hub" --data "$work/data" token --device "$name" --allow upload --ttl 24h > "$work/upload.token"
viewer=$("$hub" --data "$work/data" token --device '*' --allow live,playback --ttl 24h)

mkfifo "$work/ready"
# Jobs of this shell get their own SIGINT handling, so that Ctrl-C ends them in order.
setsid "$hub" --data "$work/data" --listen "127.0.0.1:$port" --plain 127.0.0.1:0 --log-level warn --ready-fd 7 7> "$work/ready" &
hub_pid=$!
if ! read -r ready < "$work/ready"; then
  echo "The hub did not start; what it said stands above." >&2
  exit 1
fi
listen=${ready#listen=} listen=${listen%% *}
plain=${ready#*plain=}

video="videotestsrc is-live=true pattern=smpte ! video/x-raw,width=640,height=360,framerate=25/1 ! clockoverlay halignment=right"
audio="audiotestsrc is-live=true wave=ticks"
if [ "$picture" = auto ] && [ -c /dev/video0 ]; then
  video="v4l2src ! videoconvert ! videoscale ! videorate ! video/x-raw,width=640,height=360,framerate=25/1"
fi
if [ "$picture" = auto ] && [ -d /proc/asound ] && grep -qs capture /proc/asound/pcm; then
  audio="alsasrc"
fi

# shellcheck disable=SC2086
GST_PLUGIN_PATH="$PWD/build/release/plugins" GST_REGISTRY_1_0="$work/registry.bin" setsid gst-launch-1.0 -q -e --no-position \
  $video ! videoconvert ! timeoverlay ! x264enc tune=zerolatency speed-preset=veryfast key-int-max=25 bitrate=1200 ! h264parse ! \
  queue ! m. \
  $audio ! audioconvert ! audioresample ! audio/x-raw,rate=44100,channels=1 ! voaacenc ! aacparse ! queue ! m. \
  flvmux name=m streamable=true ! tee name=t \
  t. ! queue ! h2sink "location=https://localhost:${listen##*:}/ingest/$name" "ca-file=$work/data/tls.crt" \
  "auth-token-file=$work/upload.token" \
  t. ! queue ! p2psink "device-secret-file=$work/device.toml" "signaller::uri=wss://localhost:${listen##*:}/signal" \
  "signaller::ca-file=$work/data/tls.crt" &
camera_pid=$!

echo
echo "Open  https://localhost:${listen##*:}/?token=$viewer#/$name"
echo "      (the certificate is this hub's own: the browser asks once)"
echo "or    http://localhost:${plain##*:}/?token=$viewer#/$name"
echo "or    ffplay 'http://localhost:${plain##*:}/live/$name.flv?token=$viewer'"
echo "Ctrl-C ends the demo."
echo

count=0
while [ "$seconds" = 0 ] || [ "$count" -lt "$seconds" ]; do
  sleep 1
  count=$((count + 1))
  kill -0 "$hub_pid" 2>/dev/null || { echo "The hub ended." >&2; exit 1; }
  kill -0 "$camera_pid" 2>/dev/null || { echo "The camera ended." >&2; exit 1; }
  curl -sf --max-time 2 -H "Authorization: Bearer $viewer" "http://127.0.0.1:${plain##*:}/api/devices/$name" |
    jq -r '"\(now | todate[11:19])  \(if .live then "live" elif .online then "online, no video" else "connecting" end)" +
           "  \(.bitrate / 1000 | floor) kbit/s  \(.viewers) watching  recorded \((.recording.bytes // 0) / 1048576 * 100 | floor / 100) MiB"' ||
    echo "the hub does not answer"
done
