#!/bin/sh
# Checks docs/figures.md: trains a small network, measures and attacks it, draws the figures by the
# Python of the document, and compares what they show with what snode says.
#
# Needs Python 3 with venv; h5py, NumPy and matplotlib are installed into target/figures, unless
# PYTHON names an interpreter that has them. The figures stay in target/figures.
set -eu
cd "$(dirname "$0")/.."
work=${CARGO_TARGET_DIR:-target}/figures
mkdir -p "$work"
work=$(cd "$work" && pwd)

if [ -z "${PYTHON:-}" ]; then
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import h5py, matplotlib, numpy' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check h5py matplotlib numpy
    fi
fi

# A snode that is built already, or one built now.
snode=${SNODE:-}
if [ -z "$snode" ]; then
    ${CARGO:-cargo} build --quiet -p snode-cli
    snode=${CARGO_TARGET_DIR:-target}/debug/snode
fi
case $snode in /*) ;; *) snode=$PWD/$snode ;; esac

rm -rf "$work/run"
mkdir "$work/run"
# The measurements are the ones that the document's own TOML asks for.
cat >"$work/run/small.toml" <<'TOML'
precision = "f32"
data.train = 2000
data.test = 300
network.layers = 10
cost.loss = "cross-entropy"
training.epochs = 2
training.evaluate_every = 5
output.directory = "."
TOML
awk '/^```toml/ { inside = 1; next } /^```/ { inside = 0 } inside' docs/figures.md >>"$work/run/small.toml"
(
    cd "$work/run"
    "$snode" run small.toml --quiet >/dev/null
    "$snode" show small.h5 --json >show.json
    # Measured again, into tables and JSON; from the same seed, so with the same results.
    "$snode" robustness small.h5 --images 1000 --figures . >/dev/null
    "$snode" attack small.h5 --images 300 --json --figures . >attack.json
)
"$PYTHON" scripts/check-figures.py "$work/run"
echo "ok    the figures of docs/figures.md are in $work/run"
