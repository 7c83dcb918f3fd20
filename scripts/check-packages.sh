#!/bin/sh
# Packages every crate as for crates.io, builds each from its package alone (cargo puts those that are
# not published yet in the place of the registry's), and looks into the packages: licences and an
# introduction are there, nothing that does not belong there is, and none is too large. Packages are
# deleted afterwards.
#
#   scripts/check-packages.sh [OPTIONS OF cargo package]     (--allow-dirty before a commit)
set -eu
cd "$(dirname "$0")/.."
packages=${CARGO_TARGET_DIR:-target}/package
limit=10485760 # what crates.io takes
failed=0

broken() { failed=1; printf 'FAIL  %s\n' "$*"; }

rm -rf "$packages"
trap 'rm -rf "$packages"' EXIT
# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
${CARGO:-cargo} package --quiet --workspace --exclude snode-benches "$@"

for package in "$packages"/*.crate; do
    name=$(basename "$package" .crate)
    files=$(tar -tzf "$package" | sed "s|^$name/||")
    for wanted in LICENSE-MIT LICENSE-APACHE src/lib.rs; do
        printf '%s\n' "$files" | grep -qx "$wanted" || broken "$name lacks $wanted"
    done
    tar -xzOf "$package" "$name/src/lib.rs" | grep -q '^//! ' || broken "$name has no introduction"
    junk=$(printf '%s\n' "$files" | grep -vxE \
        'Cargo\.(toml|toml\.orig|lock)|build\.rs|\.cargo_vcs_info\.json|LICENSE-(MIT|APACHE)|(src|examples|tests|data|fonts)/.*' || true)
    [ -z "$junk" ] || broken "$name has files that do not belong there:" $junk
    size=$(wc -c <"$package")
    [ "$size" -le "$limit" ] || broken "$name has $size bytes, $limit are allowed"
    printf 'ok    %s builds from its package: %d files, %d KiB\n' \
        "$name" "$(printf '%s\n' "$files" | wc -l)" "$((size / 1024))"
done
exit "$failed"
