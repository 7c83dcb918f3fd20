#!/bin/sh
# Checks docs/exchange.md from outside: onnx, onnxruntime, NumPy and safetensors read what snode
# writes, and compute the same; snode imports what NumPy, safetensors, SciPy and h5py write, and
# predicts the same.
#
# Needs Python 3 with venv; the packages are installed into target/exchange, unless PYTHON names an
# interpreter that has them. SNODE may name a program that is built already.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
target=${CARGO_TARGET_DIR:-target}
work=$target/exchange
mkdir -p "$work/files"

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import onnx, onnxruntime, safetensors, scipy, h5py' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check \
            onnx onnxruntime numpy safetensors scipy h5py
    fi
fi

# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
{
    $cargo run --quiet -p snode-exchange --example write_samples -- "$work/files"
    if [ -z "${SNODE:-}" ]; then
        $cargo build --quiet -p snode-cli
        SNODE=$target/debug/snode
    fi
}
"$PYTHON" scripts/check-exchange.py "$SNODE" "$work/files"
