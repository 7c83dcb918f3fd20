#!/bin/sh
# Attacks the network of crates/snode-attack/tests/data by the APGD of its authors, and checks that apgd.csv
# there, which the tests of snode-attack hold it against, is what it gives. With --write it is written anew.
#
# Needs Python 3.10 or newer with venv and git; PyTorch and the authors' program are installed into
# target/compare-apgd, unless PYTHON names an interpreter that has them.
set -eu
cd "$(dirname "$0")/.."
work=${CARGO_TARGET_DIR:-target}/compare-apgd
mkdir -p "$work"

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import autoattack, torch' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check torch numpy \
            git+https://github.com/fra31/auto-attack@a39220048b3c9f2cca9a4d3a54604793c68eca7e
    fi
fi

PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 "$PYTHON" scripts/compare-apgd.py "$@"
