#!/bin/sh
# What docs/crates.md says of dependencies, held against cargo: the direct ones of every library crate,
# and how many there are in all with the default features and without any; and that every package
# has the licences.
set -eu
cd "$(dirname "$0")/.."
page=docs/crates.md
failed=0

# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
tree() {
    ${CARGO:-cargo} tree --quiet --locked --target x86_64-unknown-linux-gnu -e normal --prefix none \
        --format '{p}' "$@" | sed 's/ (.*//' | sort -u
}

# The names in the table of dependencies of crate $1.
listed() {
    awk -v title="## $1" '
        /^## / { inside = ($0 == title) }
        inside && /^\| / && $2 != "dependency" && $2 != "---" { print $2 }' "$page" | sort
}

differs() {
    failed=1
    printf 'FAIL  %s: %s says %s, cargo says %s\n' "$1" "$page" "$2" "$3"
}

for folder in crates/snode-*; do
    crate=${folder#crates/}
    for licence in LICENSE-APACHE LICENSE-MIT; do
        cmp -s "$folder/$licence" "$licence" && continue
        failed=1
        printf 'FAIL  %s: %s is missing, or differs from that of the project\n' "$folder" "$licence"
    done
    [ "$crate" != snode-cli ] || continue
    wrong=$failed
    failed=0
    direct=$(tree -p "$crate" --all-features --depth 1 | sed 's/ .*//' | grep -vx "$crate" | sort)
    if [ "$(listed "$crate")" != "$direct" ]; then
        # shellcheck disable=SC2046,SC2086 # one line is wanted
        differs "$crate" "$(echo $(listed "$crate"))" "$(echo $direct)"
    fi
    numbers="$(($(tree -p "$crate" | wc -l) - 1))"
    numbers="$numbers | $(($(tree -p "$crate" --no-default-features | wc -l) - 1))"
    said=$(sed -n "s/^| \[$crate\](.*| \([0-9]* | [0-9]*\) |\$/\1/p" "$page")
    [ "$said" = "$numbers" ] || differs "$crate" "$said dependencies" "$numbers"
    [ "$failed" = 1 ] || printf 'ok    %s has the dependencies that %s lists\n' "$crate" "$page"
    [ "$wrong" = 0 ] || failed=1
done
exit "$failed"
