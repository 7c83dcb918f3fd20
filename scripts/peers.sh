#!/bin/sh
# The same work in snode and its peers, in turn, in one run on one machine: an iteration of conjugate gradients, a
# step of RMSprop, an adaptive solve, attacks and a convolutional iteration, in snode, PyTorch (by hand and by
# autograd), JAX, diffrax, torchdiffeq, ART and Foolbox. Prints a table; about ten minutes on a quiet machine.
#
#   scripts/peers.sh                 everything
#   scripts/peers.sh ncg solve       some sections of: ncg, rmsprop, solve, attack, convolution
#
# Needs Python 3.11 or newer with venv; what is listed below is installed into target/peers, unless PYTHON names an
# interpreter that has it. Linux wheels of PyTorch bring CUDA along (6 GB); with PIP_EXTRA_INDEX_URL at an index of its
# CPU wheels, TORCH names one, such as torch==2.15.0+cpu.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
work=$target/peers
mkdir -p "$work"

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import art, diffrax, foolbox, jax, torch, torchdiffeq' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check "${TORCH:-torch==2.15.0}" jax==0.10.2 \
            diffrax==0.7.2 torchdiffeq==0.2.5 foolbox==3.3.4 adversarial-robustness-toolbox==1.20.1 packaging \
            numpy==2.4.6
    fi
fi

${CARGO:-cargo} build --quiet --release -p snode-benches --bin peers
ART_DATA_PATH=$work PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore "$PYTHON" scripts/peers/compare.py "$target/release/peers" "$work" "$@"
