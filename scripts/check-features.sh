#!/bin/sh
# Every combination of features that another project can meet, each by itself: a library crate
# without any feature, with each of them alone, and with all; the program without MNIST. No feature may
# need another one that it does not ask for. Tests and examples are built too, and warnings are
# errors.
#
# Left out are `static` of snode-store and `static-hdf5` of snode-cli, which change nothing in our
# code and build a C library from its sources.
set -eu
cd "$(dirname "$0")/.."

# The features of crate $1, without `default` and those that are left out.
features_of() {
    awk '/^\[/ { inside = ($0 == "[features]") } inside && /^[a-z]/ { print $1 }' \
        "crates/$1/Cargo.toml" | grep -vxE 'default|static|static-hdf5' || true
}

# check CRATE OPTIONS...
check() {
    crate=$1
    shift
    # shellcheck disable=SC2086 # CARGO may be several words, as in "cargo +nightly"
    ${CARGO:-cargo} clippy --quiet -p "$crate" "$@" -- -D warnings
    printf 'ok    %s %s\n' "$crate" "$*"
}

for folder in crates/snode-*; do
    crate=${folder#crates/}
    features=$(features_of "$crate")
    case $crate in
        snode-cli) check "$crate" --no-default-features ;;
        *)
            check "$crate" --all-targets --no-default-features
            all=
            for feature in $features; do
                check "$crate" --all-targets --no-default-features --features "$feature"
                all=$all${all:+,}$feature
            done
            if [ "$all" != "${all#*,}" ]; then
                check "$crate" --all-targets --no-default-features --features "$all"
            fi
            ;;
    esac
done
