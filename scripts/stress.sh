#!/bin/sh
# Kills, full disks, commands at the same time and hostile files, against the real program; prints
# what was tried, what survived and whether the bits are equal. docs/reliability.md has its table.
#
#   scripts/stress.sh [KILLS]        200 kills unless another number is given; a few minutes
#
# Needs Python 3 with venv; h5py and NumPy are installed into target/stress, unless PYTHON names an
# interpreter that has them. The full disk is a small tmpfs, which only root can mount.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
work=$target/stress
mkdir -p "$work"

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import h5py, numpy' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check h5py numpy
    fi
fi

SNODE=${SNODE:-$target/release/snode} exec "$PYTHON" scripts/stress.py "${1:-200}"
