#!/usr/bin/env bash
# Installs, builds and tests Camspan.
#   tests/run.sh           every change: unit, element, page, short end-to-end, the build without GStreamer, ASan+UBSan,
#                          5 s per fuzz target
#   tests/run.sh --full    before a release: TSan, clang, every end-to-end test, one minute per fuzz target as well;
#                          goes on where it was interrupted (build/full.done; --restart begins anew)
#   tests/run.sh --only STEP   one step by name (tests/run.sh --list names them)
set -uo pipefail
cd "$(dirname "$0")/.."

tier=short only="" seconds=5
while [ $# -gt 0 ]; do
  case "$1" in
    --full) tier=full seconds=60 ;;
    --restart) rm -f build/full.done ;;
    --only) only="${2:?--only needs a step}"; shift ;;
    --list) only=list ;;
    -h|--help) sed -n '2,9s/^# \?//p' "$0"; exit 0 ;;
    *) echo "unknown option $1: see tests/run.sh --help" >&2; exit 2 ;;
  esac
  shift
done

jobs=$(nproc)
mkdir -p build
export CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-3G}"
# Checkouts beside each other share what the compiler has done.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
# A path of its own keeps what the tests register apart from the user's GStreamer.
export GST_REGISTRY_1_0="$PWD/build/gst-registry.bin"
sanitizers="detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"

passed=0 failed=0 failures=""

# step NAME COMMAND...: runs it, unless it was asked for another one or it is done already in this --full run.
step() {
  local name="$1"; shift
  if [ "$only" = list ]; then echo "$name"; return; fi
  if [ -n "$only" ] && [ "$only" != "$name" ] && [ "$name" != dependencies ]; then return; fi
  if [ "$tier" = full ] && grep -qxs "$name" build/full.done; then
    echo "== $name: done before"; passed=$((passed + 1)); return
  fi
  echo "== $name"
  local begin=$SECONDS
  if "$@"; then
    echo "== $name: passed in $((SECONDS - begin)) s"
    passed=$((passed + 1))
    if [ "$tier" = full ]; then echo "$name" >> build/full.done; fi
  else
    echo "== $name: FAILED after $((SECONDS - begin)) s"
    failed=$((failed + 1)) failures="$failures $name"
    if [ "$name" = dependencies ] || [ "$name" = build ]; then finish; fi
  fi
}

finish() {
  if [ -n "$failures" ]; then echo "failed:$failures"; fi
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ] || exit 1
  exit 0
}

build() { cmake --preset "$1" >"build/$1.configure.log" 2>&1 || { cat "build/$1.configure.log"; return 1; }
          cmake --build --preset "$1" -j "$jobs" "${@:2}" >"build/$1.build.log" 2>&1 || { tail -60 "build/$1.build.log"; return 1; }; }

run_ctest() { ctest --test-dir "build/$1" --output-on-failure --timeout 300 -j "$jobs" "${@:2}" | grep -vE ' (Start|Passed) '; }

sanitized() {
  build asan || return 1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  ASAN_OPTIONS="$sanitizers" run_ctest asan -L unit &&
    # Frames of GLib, by which its one-time allocations are known, are seen by the slow unwinder only.
    ASAN_OPTIONS="$sanitizers:fast_unwind_on_malloc=0" G_SLICE=always-malloc \
      LSAN_OPTIONS="suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0" run_ctest asan -L element
}

threads() {
  build tsan && TSAN_OPTIONS="suppressions=$PWD/tests/support/tsan.supp:halt_on_error=1:second_deadlock_stack=1" run_ctest tsan
}

with_clang() {
  CC=clang CXX=clang++ cmake -S . -B build/clang -G Ninja -DCAMSPAN_WERROR=ON -DCMAKE_CXX_FLAGS="-O1 -g1" >build/clang.log 2>&1 &&
    cmake --build build/clang -j "$jobs" >>build/clang.log 2>&1 || { tail -60 build/clang.log; return 1; }
}

fuzz() {
  build fuzz || return 1
  local target corpus
  for target in build/fuzz/tests/fuzz/fuzz_*; do
    [ -x "$target" ] && [ -f "$target" ] || continue
    corpus="build/corpus/$(basename "$target")"
    mkdir -p "$corpus"
    local seeds="tests/fuzz/corpus/$(basename "$target")"
    [ -d "$seeds" ] || seeds=""
    # shellcheck disable=SC2086
    "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 -verbosity=0 \
      -artifact_prefix="build/" "$corpus" $seeds 2>"build/fuzz.log" || { tail -40 build/fuzz.log; return 1; }
    echo "$(basename "$target"): $seconds s, nothing found"
  done
}

e2e() { /usr/bin/python3 -m unittest discover -v -s tests/e2e -p "$1" 2>&1; }

step dependencies tools/install-dependencies.sh build test
step build build dev
step unit run_ctest dev -L unit
step element run_ctest dev -L element
step web tests/web/run.sh
step end-to-end e2e 'test_*.py'
step core-only build core-only
step sanitizers sanitized
step fuzz fuzz
if [ "$tier" = full ] || [ -n "$only" ]; then
  step clang with_clang
  step threads threads
  step end-to-end-long e2e 'long_*.py'
fi
if [ "$only" = list ]; then exit 0; fi
finish
