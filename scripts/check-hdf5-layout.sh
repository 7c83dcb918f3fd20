#!/bin/sh
# Checks docs/hdf5-layout.md from outside: a run file written by snode-store is read with h5py as
# the document says, compared with what the writer printed, changed, sealed, and read by snode-store
# again. In both precisions.
#
# Needs Python 3 with venv; h5py and NumPy are installed into target/hdf5-layout, unless PYTHON names
# an interpreter that has them.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
work=${CARGO_TARGET_DIR:-target}/hdf5-layout
mkdir -p "$work"

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import h5py, numpy' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check h5py numpy
    fi
fi

# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
example() { $cargo run --quiet -p snode-store --example "$@"; }

for precision in f64 f32; do
    file=$work/sample-$precision.h5
    example write_sample -- "$file" "$precision" >"$work/expected-$precision"
    "$PYTHON" scripts/check-hdf5-layout.py "$file" "$work/expected-$precision"
    example summary -- "$file" >"$work/summary-$precision"
    grep -qx "precision   $precision" "$work/summary-$precision"
    echo "ok    a run file in $precision is what docs/hdf5-layout.md says"
done
