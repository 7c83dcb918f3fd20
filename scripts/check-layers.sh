#!/bin/sh
# The floors of the house, checked against `cargo tree`:
#   - library crates build without command-line or terminal crates, and without HDF5 but for those
#     that stand on snode-store;
#   - a crate imports only snode crates from the floors below it;
#   - there is one faer in the workspace.
# One line a check; exit 1 if any is broken, with the path that breaks it. Crates that do not exist
# (yet) are skipped.
set -eu
cd "$(dirname "$0")/.."
failed=0

# What another project must not get with a library crate (regular expressions on package names).
hdf5='hdf5.*'
terminal='clap.*|indicatif|console|crossterm.*|ratatui.*|termion|termcolor|terminal_size|anstream|anstyle.*|colored|owo-colors|comfy-table|tabled|dialoguer|ctrlc|signal-hook.*'

# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
tree() { ${CARGO:-cargo} tree --quiet "$@"; }

ok() { printf 'ok    %s\n' "$*"; }
broken() { failed=1; printf 'FAIL  %s\n' "$*"; }

# The features that make a library part of a program; what they bring is not counted.
of_programs='clap|static'

# The other features of crate $1.
features() {
    awk '/^\[features\]/ { inside = 1; next } /^\[/ { inside = 0 }
        inside && /^[a-z0-9-]+ *=/ { print $1 }' "crates/$1/Cargo.toml" |
        grep -Evx "($of_programs|default)" | paste -sd, -
}

# The packages that crate $1 is built from, as name@version, with every such feature.
packages() {
    listing=$(tree -p "$1" --features "$(features "$1")" -e normal --prefix none --format '{p}') ||
        exit 1
    printf '%s\n' "$listing" | awk 'NF >= 2 { sub(/^v/, "", $2); print $1 "@" $2 }' | sort -u
}

# How $2 (name@version) comes into crate $1.
path_to() {
    tree -p "$1" --features "$(features "$1")" -e normal -i "$2" | sed 's/^/      /'
}

exists() { grep -qsx "name *= *\"$1\"" crates/*/Cargo.toml; }

# Crate $1 must be free of the packages $2, which are $3.
check_clean() {
    hits=$(printf '%s\n' "$found" | grep -Ex "($2)@.*" || true)
    if [ -z "$hits" ]; then
        ok "$1 builds without $3"
    else
        for hit in $hits; do
            broken "$1 must not depend on $hit"
            path_to "$1" "$hit"
        done
    fi
}

# Crate $1 may import the snode crates $2, and no others.
check_imports() {
    bad=
    for package in $(printf '%s\n' "$found" | grep '^snode-' || true); do
        name=${package%@*}
        case " $1 $2 " in
            *" $name "*) ;;
            *)
                bad=1
                broken "$1 must not import $name"
                path_to "$1" "$package"
                ;;
        esac
    done
    if [ -z "$bad" ]; then
        ok "$1 imports ${2:-no snode crate}${2:+ at most}"
    fi
}

# check CRATE library|stored|program "ALLOWED SNODE CRATES": a library has neither HDF5 nor anything of the
# command line, what is stored needs HDF5.
check() {
    if exists "$1"; then
        found=$(packages "$1") || exit 1
        case $2 in
            library) check_clean "$1" "$hdf5|$terminal" 'HDF5, command-line and terminal crates' ;;
            stored) check_clean "$1" "$terminal" 'command-line and terminal crates' ;;
        esac
        check_imports "$1" "$3"
    fi
}

core='snode-ode snode-data snode-numpy snode-files'
training="snode-train $core"
methods="snode-resnet snode-attack snode-analysis $training"
experiments="snode-experiment $methods"
runs="snode-runner snode-store snode-exchange snode-gpu snode-figures $experiments"

check snode-files library ''
check snode-numpy library ''
check snode-data library 'snode-files snode-numpy'
check snode-ode library ''
check snode-figures library ''
check snode-gpu library 'snode-ode'
check snode-train library "$core"
check snode-exchange library 'snode-ode snode-numpy'
check snode-analysis library "$training"
check snode-resnet library "$training"
check snode-attack library "$training"
check snode-experiment library "$methods"
check snode-store stored "$methods"
check snode-runner stored "$runs"
check snode-report stored "$runs"
check snode-cli program "snode-report $runs"

listing=$(tree --workspace -e normal,build,dev --prefix none --format '{p}')
faers=$(printf '%s\n' "$listing" | awk '$1 == "faer" { print $2 }' | sort -u)
if [ "$(printf '%s\n' "$faers" | grep -c .)" -le 1 ]; then
    ok "one faer in the workspace: ${faers:-none}"
else
    for version in $faers; do
        broken "more than one faer in the workspace: $version"
        tree --workspace -e normal,build,dev -i "faer@${version#v}" | sed 's/^/      /'
    done
fi

exit "$failed"
