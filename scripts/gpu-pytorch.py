#!/usr/bin/env python3
"""The products of an NCG iteration in PyTorch, as one CUDA graph each: what snode's kernels are held against.

Times only: cuBLAS sums in another order. `gpu-pytorch.py [M ...]`
"""
import sys
import time

import torch

torch.backends.cuda.matmul.allow_tf32 = False
N, LAYERS, H = 196, 150, 1.5 / 150


def median(run):
    for _ in range(3):
        run()
    torch.cuda.synchronize()
    times = []
    for _ in range(21):
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - start))
    return sorted(times)[10]


def graphed(work):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def problems(m):
    w = torch.randn(LAYERS, N, N, device="cuda") / N**0.5
    b = torch.randn(LAYERS, N, 1, device="cuda")
    omega = torch.randn(LAYERS, N, N, device="cuda") / N**0.5
    x0 = torch.randn(N, m, device="cuda")
    states = torch.zeros(LAYERS + 1, N, m, device="cuda")
    slopes = torch.zeros(LAYERS, N, m, device="cuda")
    weighted = torch.zeros(LAYERS, N, m, device="cuda")
    gradient = torch.zeros(LAYERS, N, N, device="cuda")

    def direct():
        states[0].copy_(x0)
        for k in range(LAYERS):
            value = torch.tanh(torch.addmm(b[k], w[k], states[k]))
            slopes[k] = 1 - value * value
            torch.add(states[k], value, alpha=H, out=states[k + 1])

    def adjoint():
        costate = x0
        for k in reversed(range(LAYERS)):
            torch.mul(slopes[k], costate, out=weighted[k])
            costate = torch.addmm(costate, w[k].t(), weighted[k], alpha=H)
        torch.bmm(weighted, states[:-1].transpose(1, 2), out=gradient)

    def sensitivity():
        change = torch.bmm(omega, states[:-1])
        xi = torch.zeros_like(x0)
        for k in range(LAYERS):
            xi = xi + H * slopes[k] * torch.addmm(change[k], w[k], xi)

    def evaluate():
        x = x0
        for k in range(LAYERS):
            x = x + H * torch.tanh(torch.addmm(b[k], w[k], x))

    return {"direct": direct, "adjoint with gradient": adjoint, "sensitivity": sensitivity, "evaluate": evaluate}


def main():
    print(torch.__version__, torch.cuda.get_device_name())
    for m in [int(a) for a in sys.argv[1:]] or [100, 1000, 10000]:
        for name, work in problems(m).items():
            eager = median(work)
            print(f"PyTorch f32 M = {m}, {name}: {median(graphed(work)):.3f} ms as a graph, {eager:.3f} ms without")


main()
