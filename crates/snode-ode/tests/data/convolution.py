"""Writes convolution.json: what PyTorch's conv2d and autograd make of a small convolutional network.

    python3 convolution.py > convolution.json        (PyTorch 2; double precision)

Kernels, biases, images and perturbations are sines of running numbers, so that the test makes the same
ones; numbers run in the order of snode's parameters and states.
"""

import json

import torch
from torch.func import jvp

torch.set_default_dtype(torch.float64)

CHANNELS, ROWS, COLUMNS, KERNEL = 3, 4, 5, 3
LAYERS, HORIZON, POINTS = 4, 2.0, 2
NODE = CHANNELS * CHANNELS * KERNEL**2 + CHANNELS


def sines(count, size, phase, factor):
    return size * torch.sin(phase + factor * torch.arange(count))


def kernels(node):
    """A node's weights are [u, v, in, out] with the last index fastest, PyTorch's [out, in, u, v]."""
    weights = node[:-CHANNELS].reshape(KERNEL, KERNEL, CHANNELS, CHANNELS)
    return weights.permute(3, 2, 0, 1), node[-CHANNELS:]


def image(states):
    """A state is [row, column, channel], PyTorch's image [channel, row, column]."""
    return states.reshape(POINTS, ROWS, COLUMNS, CHANNELS).permute(0, 3, 1, 2)


def solve(parameters, states):
    x = image(states)
    for k in range(LAYERS):
        kernel, bias = kernels(parameters[k * NODE : (k + 1) * NODE])
        z = torch.nn.functional.conv2d(x, kernel, bias, padding=KERNEL // 2)
        x = x + HORIZON / LAYERS * torch.tanh(z)
    return x.permute(0, 2, 3, 1).reshape(-1)


parameters = sines(LAYERS * NODE, 0.5, 1.0, 1.7).requires_grad_()
states = sines(POINTS * ROWS * COLUMNS * CHANNELS, 1.0, 0.3, 0.9).requires_grad_()
output = solve(parameters, states)
terminal = sines(output.numel(), 1.0, 2.0, 0.7)
(output * terminal).sum().backward()
along = (sines(parameters.numel(), 1.0, 0.5, 2.3), sines(states.numel(), 1.0, 1.5, 1.1))
_, sensitivity = jvp(solve, (parameters.detach(), states.detach()), along)

print(json.dumps({
    "output": output.tolist(),
    # By the numbers of the parameters: h times the gradient in L²(0,T).
    "derivative": parameters.grad.tolist(),
    "adjoint": states.grad.tolist(),
    "sensitivity": sensitivity.tolist(),
}))
