#!/usr/bin/env bash
# Installs what Camspan needs on Debian 12 or a relative of it: tools/install-dependencies.sh [build] [test] [demo]
# Without a word: build. Quick when everything is there. Works as root or with sudo.
set -euo pipefail
cd "$(dirname "$0")/.."

build="build-essential cmake ninja-build ccache pkg-config git libasio-dev libexpected-dev node-llhttp libwslay-dev
  libnghttp2-dev libssl-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libjwt-dev nlohmann-json3-dev
  libcli11-dev libtomlplusplus-dev libsqlite3-dev libnice-dev libusrsctp-dev libmsgpack-dev libgtest-dev libgmock-dev
  nodejs npm ca-certificates"
run="gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-alsa gstreamer1.0-x"
demo="$run curl jq openssl"
test="$run curl jq openssl clang libclang-rt-14-dev ffmpeg nghttp2-client nghttp2-server nginx-light caddy chromium python3
  python3-h2 python3-aiortc python3-websockets gstreamer1.0-nice python3-gi gir1.2-gst-plugins-bad-1.0 coturn nftables
  iproute2 fonts-dejavu-core"

want=""
for word in "${@:-build}"; do
  case "$word" in
    build) want="$want $build" ;;
    demo) want="$want $demo" ;;
    test) want="$want $test" ;;
    *) echo "unknown group \"$word\": use build, test or demo" >&2; exit 2 ;;
  esac
done

missing=""
for package in $want; do
  # A program that is there in another way (node from elsewhere, say) is as good as its package.
  case "$package" in
    nodejs) command -v node >/dev/null && continue ;;
    npm) command -v npm >/dev/null && continue ;;
  esac
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done

if [ -n "$missing" ]; then
  if ! command -v apt-get >/dev/null; then
    echo "This is no Debian relative. Install what stands for:$missing" >&2
    exit 1
  fi
  sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Run as root, or install sudo. Missing:$missing" >&2; exit 1; }
    sudo="sudo"
  fi
  echo "Installing:$missing"
  export DEBIAN_FRONTEND=noninteractive
  # The tests run servers of their own: no package may start one (Debian's policy-rc.d, for as long as this takes).
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap '$sudo rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 755 "$policy"
  fi
  $sudo apt-get update -q
  # shellcheck disable=SC2086
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi

# The player of the viewer page.
if [ ! -f bridge/hub/web/node_modules/mpegts.js/dist/mpegts.js ]; then
  npm ci --prefix bridge/hub/web --no-audit --no-fund --loglevel=error
fi
