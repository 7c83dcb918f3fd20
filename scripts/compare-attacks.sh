#!/bin/sh
# Attacks the network of crates/snode-attack/tests/data by ART, Foolbox and plain NumPy, and checks that
# reference.csv there, which the tests of snode-attack hold it against, is what they give. With --write
# it is written anew. Two minutes.
#
# Needs Python 3.11 or newer with venv; what is listed below is installed into target/compare-attacks,
# unless PYTHON names an interpreter that has it.
set -eu
cd "$(dirname "$0")/.."
work=${CARGO_TARGET_DIR:-target}/compare-attacks
mkdir -p "$work"

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import art, foolbox, h5py, jax' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check \
            adversarial-robustness-toolbox==1.20.1 packaging foolbox==3.3.4 jax==0.10.2 numpy==2.4.6 h5py
    fi
fi

ART_DATA_PATH=$work PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 "$PYTHON" scripts/compare-attacks.py "$@"
