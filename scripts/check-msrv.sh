#!/bin/sh
# No dependency in Cargo.lock may ask for a newer Rust than the rust-version that we state. (That our
# own code asks for none is clippy's `incompatible_msrv`.)
set -eu
cd "$(dirname "$0")/.."

ours=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
# shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
metadata=$(${CARGO:-cargo} metadata --quiet --locked --format-version 1)
# Of the objects that begin with a name, packages go on with a version; their rust_version is among
# their last fields, behind those of their dependencies and targets.
printf '%s\n' "$metadata" | awk -v ours="$ours" '
    function number(version, parts) {
        split(version, parts, ".")
        return 1000 * parts[1] + parts[2]
    }
    {
        count = split($0, objects, /[{]"name":"/)
        for (i = 2; i <= count; i++) {
            if (match(objects[i], /^[^"]*","version":"[^"]*"/)) {
                split(substr(objects[i], 1, RLENGTH), fields, "\"")
                package = fields[1] " " fields[5]
                packages++
            }
            if (match(objects[i], /"rust_version":"[^"]*"/)) {
                split(substr(objects[i], RSTART, RLENGTH), fields, "\"")
                stated++
                if (number(fields[4]) > number(ours)) {
                    print "FAIL  " package " needs Rust " fields[4] ", we promise " ours
                    failed = 1
                }
            }
        }
    }
    END {
        if (packages == 0) { print "FAIL  no packages found"; exit 1 }
        if (failed) exit 1
        print "ok    of " packages " packages " stated " state a Rust version, none above " ours
    }'
