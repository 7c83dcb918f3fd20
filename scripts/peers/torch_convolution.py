"""What an iteration of a convolutional network needs at least, in PyTorch: forward, backward, and one more pass in
forward mode."""

import os

import torch
from torch.autograd import forward_ad

STEP = 1.0

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def solve(kernels, biases, x):
    for kernel, bias in zip(kernels, biases):
        x = x + STEP * torch.tanh(torch.nn.functional.conv2d(x, kernel, bias, padding=1))
    return x


class Iteration:
    def __init__(self, kernels, biases, images):
        self.kernels = [torch.from_numpy(kernel).requires_grad_() for kernel in kernels]
        self.biases = [torch.from_numpy(bias).requires_grad_() for bias in biases]
        self.images = torch.from_numpy(images)

    def run(self):
        for value in self.kernels + self.biases:
            value.grad = None
        output = solve(self.kernels, self.biases, self.images)
        output.backward(output.detach())
        with torch.no_grad(), forward_ad.dual_level():
            duals = [
                [forward_ad.make_dual(value.detach(), value.grad) for value in values]
                for values in (self.kernels, self.biases)
            ]
            return output.detach(), forward_ad.unpack_dual(solve(*duals, self.images)).tangent

    def check(self):
        output, xi = self.run()
        gradient = torch.cat([value.grad.flatten() for value in self.kernels + self.biases])
        # Those of snode are in L2(0, T), whose step is 1 here.
        norms = {"‖x(T)‖": output, "‖gradient‖": gradient, "‖ξ(T)‖": xi}
        return {name: float(value.double().norm()) for name, value in norms.items()}


def prepare(data, section, case, precision, peer):
    return Iteration(*data.convolution(int(case), precision))
