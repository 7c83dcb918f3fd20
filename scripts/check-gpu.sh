#!/bin/sh
# The tests of snode-gpu on an OpenCL device, and what its kernels take of NVIDIA's cards.
#
# Without an OpenCL driver, PoCL is installed where apt can do it, which computes on the CPU; where neither is, the tests
# are skipped. Kernels are compiled for sm_80 and sm_90 by NVRTC, from the Python package nvidia-cuda-nvrtc-cu12 if
# SNODE_NVRTC names no other; what does not keep all it needs in registers fails.
set -eu
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}

# Whether there is a driver: macOS has its own, elsewhere the loader finds them by these files.
has_opencl() {
    [ "$(uname)" = Darwin ] || ls "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}"/*.icd >/dev/null 2>&1
}

if ! has_opencl && command -v apt-get >/dev/null; then
    echo 'Installing PoCL (pocl-opencl-icd) ...'
    sudo=
    if [ "$(id -u)" != 0 ]; then sudo='sudo -n'; fi
    $sudo apt-get update -qq && $sudo apt-get install -y -qq pocl-opencl-icd >/dev/null ||
        echo 'PoCL could not be installed; install an OpenCL driver by hand.' >&2
fi
if has_opencl; then
    SNODE_GPU_TESTS=1 $cargo test -p snode-gpu
else
    echo 'skipped: no OpenCL driver is there, and none could be installed'
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
