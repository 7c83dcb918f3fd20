#!/bin/sh
# The floors of the house, checked against `cargo tree`:
#   - library crates build without HDF5, command-line or terminal crates;
#   - a crate imports only snode crates from the floors below it;
#   - there is one faer in the workspace.
# One line a check; exit 1 if any is broken, with the path that breaks it. Crates that do not exist
# (yet) are skipped.
set -eu
cd "$(dirname "$0")/.."
failed=0

# What another project must not get with a library crate (a regular expression on package names).
forbidden='hdf5.*|clap.*|indicatif|console|crossterm.*|ratatui.*|termion|termcolor|terminal_size|anstream|anstyle.*|colored|owo-colors|comfy-table|tabled|dialoguer|ctrlc|signal-hook.*'

# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
tree() { ${CARGO:-cargo} tree --quiet --all-features "$@"; }

ok() { printf 'ok    %s\n' "$*"; }
broken() { failed=1; printf 'FAIL  %s\n' "$*"; }

# The packages that crate $1 is built from, as name@version, with every feature of the crate.
packages() {
    listing=$(tree -p "$1" -e normal --prefix none --format '{p}') || exit 1
    printf '%s\n' "$listing" | awk 'NF >= 2 { sub(/^v/, "", $2); print $1 "@" $2 }' | sort -u
}

# How $2 (name@version) comes into crate $1.
path_to() {
    tree -p "$1" -e normal -i "$2" | sed 's/^/      /'
}

exists() { grep -qsx "name *= *\"$1\"" crates/*/Cargo.toml; }

# Crate $1 must be free of the forbidden packages.
check_clean() {
    hits=$(printf '%s\n' "$found" | grep -Ex "($forbidden)@.*" || true)
    if [ -z "$hits" ]; then
        ok "$1 builds without HDF5, command-line and terminal crates"
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

# check CRATE library|program "ALLOWED SNODE CRATES"
check() {
    if exists "$1"; then
        found=$(packages "$1") || exit 1
        if [ "$2" = library ]; then check_clean "$1"; fi
        check_imports "$1" "$3"
    fi
}

check snode-files library ''
check snode-numpy library ''
check snode-data library 'snode-files snode-numpy'
check snode-ode library ''
check snode-figures library ''
check snode-gpu library 'snode-ode'
check snode-train library 'snode-ode snode-data snode-files snode-numpy'
check snode-exchange library 'snode-ode snode-numpy'
check snode-analysis library 'snode-train snode-ode snode-data snode-files snode-numpy'
check snode-resnet library 'snode-train snode-ode snode-data snode-files snode-numpy'
check snode-attack library 'snode-train snode-ode snode-data snode-files snode-numpy'
check snode-store program 'snode-resnet snode-attack snode-train snode-ode snode-data snode-files snode-numpy'

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
