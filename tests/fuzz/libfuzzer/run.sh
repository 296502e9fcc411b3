#!/bin/sh
# Runs the target named by TARGET under libFuzzer, starting from the corpus in the repository. Needs a C++ compiler.
# Inputs with new coverage go to $FUZZ_WORK (default: target/fuzz-corpus); failing inputs are saved there as crash-*.
# Arguments are passed to libFuzzer: -max_total_time=600 stops after ten minutes, a file name runs that one input.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${TARGET:?set TARGET to the name of a target, such as sync_body}"
build=${CARGO_TARGET_DIR:-$here/../../../target}/fuzz
work=${FUZZ_WORK:-$here/../../../target/fuzz-corpus}/$TARGET
host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$work"
# With --target, RUSTFLAGS do not apply to build scripts and macros, so those are not instrumented.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 ${RUSTFLAGS:-}" \
    cargo build --release --manifest-path "$here/Cargo.toml" --target "$host" --target-dir "$build"
if [ "$#" -gt 0 ] && [ -f "$1" ]; then
    exec env TARGET="$TARGET" "$build/$host/release/libfuzzer" "$@"
fi
exec env TARGET="$TARGET" "$build/$host/release/libfuzzer" -artifact_prefix="$work/" "$@" "$work" "$here/../corpus/$TARGET"
