"""PyTorch's times of what one NCG iteration of a convolutional network computes, in the shapes of
benches/benches/convolution.rs: forward, backward, and one more forward-mode pass, ten layers.

    python3 scripts/compare-convolution.py [--threads 2]

Prints the median of 20 rounds for 8, 16 and 32 channels, in both precisions. Run it right behind
`cargo bench -p snode-benches --bench convolution`, on the same quiet machine.
"""

import argparse
import statistics
import time

import torch
from torch.autograd import forward_ad

LAYERS, IMAGES, SIDE, STEP, ROUNDS = 10, 100, 14, 1.0, 20


def solve(kernels, biases, x):
    for kernel, bias in zip(kernels, biases):
        x = x + STEP * torch.tanh(torch.nn.functional.conv2d(x, kernel, bias, padding=1))
    return x


def measure(channels, dtype):
    shape = (channels, channels, 3, 3)
    kernels = [torch.randn(shape, dtype=dtype) / (9 * channels) for _ in range(LAYERS)]
    biases = [torch.zeros(channels, dtype=dtype) for _ in range(LAYERS)]
    x = torch.rand(IMAGES, channels, SIDE, SIDE, dtype=dtype)
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for value in kernels + biases:
            value.requires_grad_()
            value.grad = None
        output = solve(kernels, biases, x)
        output.backward(output.detach())
        with torch.no_grad(), forward_ad.dual_level():
            duals = [
                [forward_ad.make_dual(value.detach(), value.grad) for value in values]
                for values in (kernels, biases)
            ]
            forward_ad.unpack_dual(solve(*duals, x))
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    for channels in (8, 16, 32):
        for dtype in (torch.float32, torch.float64):
            milliseconds = 1e3 * measure(channels, dtype)
            print(f"{dtype}, {channels:2} channels: {milliseconds:7.2f} ms")


if __name__ == "__main__":
    main()
