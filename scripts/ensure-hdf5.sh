#!/bin/sh
# Makes sure that what a build needs is there: cargo, a C compiler and the HDF5 C library. Installs
# HDF5 where it can (Homebrew, apt, dnf, conda), else says in one sentence what to install.
#
#   scripts/ensure-hdf5.sh COMMAND ...        prepare, then run COMMAND with the environment it needs
#   eval "$(scripts/ensure-hdf5.sh)"          the same for the shell one is in
#
# Silent, and in no need of a network, if everything is there. Without a COMMAND, standard output
# carries nothing but `export` lines, and those only where the library lies outside the places in
# which the build finds it by itself. Everything said goes to standard error.
set -eu
cargo=${CARGO:-cargo}
unset CARGO # which cargo itself would take for its own path

say() { printf '%s\n' "$*" >&2; }
die() { say "snode: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

os=$(uname -s)
hint='install the HDF5 C library with its headers (Debian, Ubuntu: libhdf5-dev and pkg-config; Fedora: hdf5-devel; Homebrew, conda: hdf5), or set HDF5_DIR to where it is'

# --- finding -----------------------------------------------------------------------------------

# Is $1 a directory with the HDF5 headers?
has_headers() { [ -f "$1/H5pubconf.h" ] || [ -f "$1/H5pubconf-64.h" ]; }

# Is $1 a directory with the shared library?
has_library() { [ -e "$1/libhdf5.so" ] || [ -e "$1/libhdf5.dylib" ]; }

# Can $1 be given as HDF5_DIR?
is_root() { [ -n "$1" ] && has_headers "$1/include" && has_library "$1/lib"; }

# The library that pkg-config calls "hdf5"; sets libdir.
by_pkg_config() {
    [ "$os" != Darwin ] && have pkg-config && pkg-config --exists hdf5 2>/dev/null || return 1
    libdir=$(PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --libs-only-L hdf5 2>/dev/null |
        tr ' ' '\n' | sed -n 's/^-L//p' | head -n 1)
    for flag in $(PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 pkg-config --cflags-only-I hdf5 2>/dev/null); do
        if has_headers "${flag#-I}"; then return 0; fi
    done
    return 1
}

# The places in which the build looks without being told.
by_default_place() {
    [ "$os" = Linux ] || return 1
    { has_headers /usr/include/hdf5/serial && has_library /usr/lib/x86_64-linux-gnu/hdf5/serial; } ||
        { has_headers /usr/include &&
            { has_library /usr/lib/x86_64-linux-gnu || has_library /usr/lib64; }; }
}

# Other prefixes, for HDF5_DIR; sets root.
by_prefix() {
    for root in "${CONDA_PREFIX:-}" /usr/lib/*/hdf5/serial /usr /usr/local /opt/local; do
        if is_root "$root"; then return 0; fi
    done
    if have h5cc; then
        root=$(dirname "$(dirname "$(command -v h5cc)")")
        if is_root "$root"; then return 0; fi
    fi
    if have pkg-config && pkg-config --exists hdf5-serial 2>/dev/null; then
        root=$(pkg-config --variable=prefix hdf5-serial)
        if is_root "$root"; then return 0; fi
    fi
    if have brew; then
        root=$(brew --prefix hdf5 2>/dev/null || true)
        if is_root "$root"; then return 0; fi
    fi
    return 1
}

# Programs find a library outside the loader's own places only by a path written into them. On macOS
# Homebrew's libraries carry theirs.
needs_rpath() {
    case $1 in
        '' | /usr/lib | /usr/lib/* | /usr/lib64 | /usr/lib64/* | /lib | /lib/* | /lib64/*) return 1 ;;
    esac
    [ "$os" != Darwin ] || [ "${1#"${CONDA_PREFIX:-/nowhere}"/}" != "$1" ]
}

set_rpath() {
    if needs_rpath "$1"; then
        flag="-C link-args=-Wl,-rpath,$1"
        # The same for programs and for the examples in the documentation, which rustdoc links.
        case " ${RUSTFLAGS:-} " in *" $flag "*) ;; *) RUSTFLAGS="${RUSTFLAGS:+$RUSTFLAGS }$flag" ;; esac
        case " ${RUSTDOCFLAGS:-} " in *" $flag "*) ;; *) RUSTDOCFLAGS="${RUSTDOCFLAGS:+$RUSTDOCFLAGS }$flag" ;; esac
        export RUSTFLAGS RUSTDOCFLAGS
        changed="${changed} RUSTFLAGS RUSTDOCFLAGS"
    fi
}

changed=
locate() {
    if [ -n "${HDF5_DIR:-}" ]; then
        has_headers "$HDF5_DIR/include" ||
            die "HDF5_DIR is set to $HDF5_DIR, but there is no include/H5pubconf.h in it: correct or unset HDF5_DIR."
        set_rpath "$HDF5_DIR/lib"
    elif by_pkg_config; then
        set_rpath "$libdir"
    elif by_default_place; then
        :
    elif by_prefix; then
        HDF5_DIR=$root
        export HDF5_DIR
        changed="${changed} HDF5_DIR"
        set_rpath "$root/lib"
    else
        return 1
    fi
}

# --- installing --------------------------------------------------------------------------------

# Sets $sudo to what makes a command run as root without a password.
find_root() {
    sudo=
    if [ "$(id -u)" -eq 0 ]; then
        :
    elif have sudo && sudo -n true 2>/dev/null; then
        sudo='sudo -n'
    else
        die "HDF5 is missing and installing it needs an administrator: $hint."
    fi
}

# Runs $@ without a word, unless it fails.
quietly() {
    log=$(mktemp "${TMPDIR:-/tmp}/snode-install.XXXXXX")
    if "$@" </dev/null >"$log" 2>&1; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
}

apt_install() {
    # An index that cannot be refreshed may still do.
    $sudo apt-get -q update || true
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends libhdf5-dev pkg-config
}

try_install() {
    if [ "$os" = Darwin ] && have brew; then
        say 'snode: installing HDF5 with Homebrew ...'
        quietly brew install hdf5
    elif have apt-get; then
        find_root
        say 'snode: installing HDF5 with apt-get ...'
        quietly apt_install
    elif have dnf; then
        find_root
        say 'snode: installing HDF5 with dnf ...'
        # shellcheck disable=SC2086 # two words or none
        quietly $sudo dnf -q -y install hdf5-devel
    elif have brew; then
        say 'snode: installing HDF5 with Homebrew ...'
        quietly brew install hdf5
    elif have conda && [ -n "${CONDA_PREFIX:-}" ]; then
        say 'snode: installing HDF5 with conda ...'
        quietly conda install -q -y -c conda-forge hdf5
    else
        return 1
    fi
}

# --- all of it ---------------------------------------------------------------------------------

have "${cargo%% *}" || die 'cargo is missing: install Rust from https://rustup.rs and try again.'
have cc || have gcc || have clang ||
    die 'a C compiler is missing, which Rust needs for linking: install one (Debian, Ubuntu: build-essential; Fedora: gcc; macOS: xcode-select --install) and try again.'

if ! locate; then
    try_install || die "HDF5 is missing and could not be installed: $hint."
    locate || die "HDF5 was installed but is still not found: $hint."
fi

if [ "$#" -gt 0 ]; then
    exec "$@"
fi
for name in $changed; do
    eval "value=\$$name"
    # shellcheck disable=SC2154 # set by the eval
    printf "export %s='%s'\n" "$name" "$(printf '%s' "$value" | sed "s/'/'\\\\''/g")"
done
