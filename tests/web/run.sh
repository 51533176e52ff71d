#!/usr/bin/env bash
# Tests of the pages: units in Node (of js/ as well), then the viewer page in Chromium against a stand-in for the hub and
# the page of an example against its program, on loopback only.
# Needs node and npm; the page test also needs chromium (CHROMIUM names another binary) and ffmpeg, and says SKIP without.
set -euo pipefail
cd "$(dirname "$0")"
web=../../bridge/hub/web

install_if_missing() {  # folder, a file that the packages bring
  [ -e "$1/$2" ] || npm ci --prefix "$1" --no-audit --no-fund --loglevel=error
}
install_if_missing . node_modules/playwright-core/package.json
install_if_missing . node_modules/axe-core/package.json
install_if_missing "$web" node_modules/mpegts.js/dist/mpegts.js

mapfile -t units < <(ls ./*.test.js | grep -v page.test.js)
node --test "${units[@]}" ../../js/test/*.test.js

for program in "${CHROMIUM:-/usr/bin/chromium}" ffmpeg; do
  if ! command -v "$program" >/dev/null; then
    echo "SKIP: page test ($program is not installed)"
    exit 0
  fi
done
node --test --test-concurrency=1 ./*page.test.js
