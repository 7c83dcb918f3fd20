#!/bin/sh
# Bits and times of snode's kernels on a machine with an NVIDIA card, beside PyTorch's if it is there:
#
#     scripts/gpu-nvidia.sh [PROGRAM]
#
# PROGRAM is the example `nvidia` of snode-gpu, built elsewhere; without it, it is built here. NVRTC is found where the
# CUDA toolkit and Python's packages have it; SNODE_NVRTC=FILE_OR_FOLDER names another place.
set -u
cd "$(dirname "$0")/.."
program=${1:-}
if [ -z "$program" ]; then
    ${CARGO:-cargo} build --release -p snode-gpu --example nvidia || exit 1
    program=${CARGO_TARGET_DIR:-target}/release/examples/nvidia
fi
nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.sm,power.limit --format=csv || exit 1
failed=0
"$program" cuda trainings || failed=1
"$program" cuda times || failed=1
"$program" cuda bits || failed=1
"$program" cuda times-f64 || failed=1
if python3 -c 'import torch' 2>/dev/null; then
    python3 scripts/gpu-pytorch.py || failed=1
fi
exit $failed
