#!/bin/sh
# Fuzzes the target that TARGET names, guided by coverage, from the corpus in the repository. Needs a C++ compiler.
# Inputs that reach something new go to $FUZZ_WORK (default: target/fuzz-corpus); broken properties leave crash-* there.
# Arguments are libFuzzer's: -max_total_time=600 to end after ten minutes, a file to run that one input.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${TARGET:?set TARGET to the name of a target, such as sync_body}"
build=${CARGO_TARGET_DIR:-$here/../../../target}/fuzz
work=${FUZZ_WORK:-$here/../../../target/fuzz-corpus}/$TARGET
host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$work"
# With --target given, only what is fuzzed is instrumented, and not what builds it.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 ${RUSTFLAGS:-}" \
    cargo build --release --manifest-path "$here/Cargo.toml" --target "$host" --target-dir "$build"
if [ "$#" -gt 0 ] && [ -f "$1" ]; then
    exec env TARGET="$TARGET" "$build/$host/release/libfuzzer" "$@"
fi
exec env TARGET="$TARGET" "$build/$host/release/libfuzzer" -artifact_prefix="$work/" "$@" "$work" "$here/../corpus/$TARGET"
