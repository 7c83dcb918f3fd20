#!/bin/sh
# Runs docs/tutorial.md in a temporary folder: writes the files that it shows, runs its commands in
# their order, fails where one fails, and compares what onnxruntime and snode count at its end.
#
# A ```toml or ```python block whose first line is `# NAME` is the file NAME; a ```sh block is
# commands. Needs Python 3 with venv; NumPy and onnxruntime are installed into target/tutorial, unless
# PYTHON names an interpreter that has them. SNODE may name a program that is built already.
set -eu
cd "$(dirname "$0")/.."
document=$PWD/docs/tutorial.md
mkdir -p "${CARGO_TARGET_DIR:-target}/tutorial"
work=$(cd "${CARGO_TARGET_DIR:-target}/tutorial" && pwd)

if [ -z "${PYTHON:-}" ]; then
    if ! python3 -m venv --help >/dev/null 2>&1; then
        echo 'no Python 3 with venv: the tutorial is not run'
        exit 0
    fi
    PYTHON=$work/venv/bin/python
    if ! "$PYTHON" -c 'import numpy, onnxruntime' 2>/dev/null; then
        python3 -m venv "$work/venv"
        "$PYTHON" -m pip install --quiet --disable-pip-version-check numpy onnxruntime
    fi
fi

if [ -z "${SNODE:-}" ]; then
    ${CARGO:-cargo} build --quiet -p snode-cli
    SNODE=${CARGO_TARGET_DIR:-target}/debug/snode
fi
case $SNODE in /*) ;; *) SNODE=$PWD/$SNODE ;; esac

# `snode` and `python` are what the commands of the document call.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$folder/bin" "$folder/work"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$SNODE" >"$folder/bin/snode"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$PYTHON" >"$folder/bin/python"
chmod +x "$folder/bin/snode" "$folder/bin/python"
PATH=$folder/bin:$PATH
cd "$folder/work"

# The files, and the commands as one script.
awk -v commands="$folder/commands.sh" '
    /^```/ { kind = inside ? "" : substr($0, 4); inside = !inside; begins = inside; next }
    !inside { next }
    kind == "sh" { print > commands; count++; next }
    kind != "toml" && kind != "python" { next }
    begins { begins = 0; if ($1 != "#" || NF != 2) { print FILENAME ":" FNR ": no name"; exit 1 }; file = $2 }
    { print > file }
    END { if (!count) exit 1 }
' "$document"

begin=$(date +%s)
if ! sh -eux "$folder/commands.sh" >"$folder/log" 2>&1; then
    cat "$folder/log"
    echo "a command of docs/tutorial.md fails, the last one above" >&2
    exit 1
fi
took=$(($(date +%s) - begin))

# onnxruntime and snode agree on what they count.
counted=$(sed -n 's/^onnxruntime: \([0-9]* of [0-9]*\)$/\1/p' "$folder/log")
if [ -z "$counted" ] || ! tail -n 1 "$folder/log" | grep -q "($counted)"; then
    cat "$folder/log"
    echo "found ${counted:-nothing} by onnxruntime; expected what snode eval counts" >&2
    exit 1
fi
echo "ok    $(grep -c '^+' "$folder/log") commands of docs/tutorial.md in $took s; onnxruntime and snode: $counted"
