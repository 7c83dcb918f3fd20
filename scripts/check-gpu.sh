#!/bin/sh
# The tests of snode-gpu on an OpenCL device, and what its kernels take of NVIDIA's cards.
#
# OpenCL is a loader and a driver. What is missing is installed where apt can do it, PoCL as the driver, which computes on
# the CPU; where it cannot, the tests are skipped. Kernels are compiled for sm_80 and sm_90 by NVRTC, from the Python
# package nvidia-cuda-nvrtc-cu12 if SNODE_NVRTC names no other; what does not keep all it needs in registers fails.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

# The packages that are missing on Linux. The loader finds drivers by the files of a folder; macOS has its own of both.
missing() {
    [ "$(uname)" != Darwin ] || return 0
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q 'libOpenCL\.so\.1 ' || printf '%s ' ocl-icd-libopencl1
    ls "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}"/*.icd >/dev/null 2>&1 || printf '%s ' pocl-opencl-icd
}

packages=$(missing)
if [ -n "$packages" ] && command -v apt-get >/dev/null; then
    echo "Installing OpenCL ($packages) ..."
    sudo=
    if [ "$(id -u)" != 0 ]; then sudo='sudo -n'; fi
    # shellcheck disable=SC2086 # a list of packages
    $sudo apt-get update -qq && $sudo apt-get install -y -qq $packages >/dev/null ||
        echo 'OpenCL could not be installed; install its loader and a driver by hand.' >&2
fi
packages=$(missing)
if [ -z "$packages" ]; then
    SNODE_GPU_TESTS=1 $cargo test -p snode-gpu
else
    echo "skipped: OpenCL is not there, and could not be installed (Debian: $packages)"
fi

if [ -z "${SNODE_NVRTC:-}" ]; then
    environment=${CARGO_TARGET_DIR:-target}/nvrtc
    if [ ! -d "$environment" ]; then
        python3 -m venv "$environment" && "$environment/bin/pip" install --quiet nvidia-cuda-nvrtc-cu12 || rm -rf "$environment"
    fi
    SNODE_NVRTC=$(ls -d "$environment"/lib/python3*/site-packages/nvidia/cuda_nvrtc/lib 2>/dev/null || true)
fi
if [ -z "$SNODE_NVRTC" ]; then
    echo 'skipped: NVRTC is not there, and could not be installed'
    exit 0
fi
export SNODE_NVRTC
$cargo run --quiet -p snode-gpu --example resources -- sm_80 sm_90
