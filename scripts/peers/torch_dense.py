"""An iteration of conjugate gradients and a step of RMSprop in PyTorch, by hand and by autograd.

By hand: forward, backward and sensitivity as loops over the layers with preallocated memory, one product each where
possible in place, no autograd; gradients of all layers in one batched product. By autograd: the network as a plain
function, `torch.autograd.grad`, and forward mode (`torch.autograd.forward_ad`) for the sensitivity.
"""

import os

import torch
from torch.autograd import forward_ad

STEP, LAYERS, CLASSES, SIX = 3 / 150, 150, 10, 6
RATE, DECAY, EPSILON = 1e-3, 0.9, 1e-7

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


class Solves:
    """The three problems by hand."""

    def __init__(self, w, b, activation):
        (layers, n), m = b.shape, 100
        empty = lambda *shape: torch.empty(*shape, dtype=w.dtype)
        self.w, self.b, self.relu = w, b, activation == "relu"
        self.x, self.slope, self.u = empty(layers + 1, m, n), empty(layers, m, n), empty(layers, m, n)
        self.gw, self.gb = empty(layers, n, n), empty(layers, n)
        self.z, self.adjoint_state, self.xi = empty(m, n), empty(m, n), empty(m, n)

    def forward(self, x0):
        self.x[0].copy_(x0)
        for k in range(LAYERS):
            torch.addmm(self.b[k], self.x[k], self.w[k].t(), out=self.z)
            if self.relu:
                torch.gt(self.z, 0, out=self.slope[k])
                self.z.clamp_(min=0)
            else:
                self.z.tanh_()
                torch.mul(self.z, self.z, out=self.slope[k]).neg_().add_(1)
            torch.add(self.x[k], self.z, alpha=STEP, out=self.x[k + 1])
        return self.x[LAYERS]

    def adjoint(self, terminal):
        self.adjoint_state.copy_(terminal)
        for k in reversed(range(LAYERS)):
            u = torch.mul(self.adjoint_state, self.slope[k], out=self.u[k]).mul_(STEP)
            if k:
                self.adjoint_state.addmm_(u, self.w[k])
        torch.bmm(self.u.transpose(1, 2), self.x[:LAYERS], out=self.gw)
        torch.sum(self.u, dim=1, out=self.gb)

    def sensitivity(self, dw, db):
        self.xi.zero_()
        for k in range(LAYERS):
            z = torch.addmm(db[k], self.x[k], dw[k].t(), out=self.z)
            z.addmm_(self.xi, self.w[k].t())
            self.xi.addcmul_(z, self.slope[k], value=STEP)
        return self.xi


def network(w, b, x, activation):
    activate = torch.relu if activation == "relu" else torch.tanh
    for wk, bk in zip(w.unbind(0), b.unbind(0)):
        x = torch.add(x, activate(torch.addmm(bk, x, wk.t())), alpha=STEP)
    return x


def dot(a, b):
    return torch.dot(a.reshape(-1), b.reshape(-1)).item()


class Iteration:
    """Fletcher-Reeves with the step length of the linearised L2 cost."""

    def __init__(self, w, b, x0, labels, activation, by_hand):
        self.initial, self.x0, self.activation = (w.clone(), b.clone()), x0, activation
        self.w, self.b = w, b
        self.target = torch.zeros_like(x0)
        self.target[torch.arange(len(labels)), labels] = 1
        self.dw, self.db = torch.zeros_like(w), torch.zeros_like(b)
        self.solves = Solves(w, b, activation) if by_hand else None
        self.square = None

    def reset(self):
        with torch.no_grad():
            self.w.copy_(self.initial[0]), self.b.copy_(self.initial[1])
        self.square = None

    def check(self):
        self.reset()
        for _ in range(SIX):
            self.run()
        return {"cost after six iterations": self.run()}

    def gradient(self):
        if self.solves:
            residual = self.solves.forward(self.x0) - self.target
            self.solves.adjoint(residual / len(self.x0))
            return residual, self.solves.gw, self.solves.gb
        w, b = self.w.detach().requires_grad_(), self.b.detach().requires_grad_()
        with torch.enable_grad():
            residual = network(w, b, self.x0, self.activation) - self.target
            cost = 0.5 / len(self.x0) * (residual * residual).sum()
        return residual.detach(), *torch.autograd.grad(cost, (w, b))

    def sensitivity(self):
        if self.solves:
            return self.solves.sensitivity(self.dw, self.db)
        with forward_ad.dual_level():
            w, b = forward_ad.make_dual(self.w, self.dw), forward_ad.make_dual(self.b, self.db)
            return forward_ad.unpack_dual(network(w, b, self.x0, self.activation)).tangent

    @torch.no_grad()
    def run(self):
        residual, gw, gb = self.gradient()
        cost = 0.5 / len(self.x0) * dot(residual, residual)
        square = dot(gw, gw) + dot(gb, gb)
        gamma = square / self.square if self.square else 0.0
        self.square = square
        self.dw.mul_(gamma).sub_(gw)
        self.db.mul_(gamma).sub_(gb)
        xi = self.sensitivity()
        eta = -dot(xi, residual) / dot(xi, xi)
        self.w.add_(self.dw, alpha=eta)
        self.b.add_(self.db, alpha=eta)
        return cost


class Step:
    """RMSprop with cross-entropy."""

    def __init__(self, w, b, x0, labels, by_hand):
        self.initial, self.x0, self.labels = (w.clone(), b.clone()), x0, labels
        self.w, self.b = w, b
        self.by_hand = by_hand
        self.reset()

    def reset(self):
        with torch.no_grad():
            self.w.copy_(self.initial[0]), self.b.copy_(self.initial[1])
        if self.by_hand:
            self.solves = Solves(self.w, self.b, "tanh")
            self.mean = torch.zeros_like(self.w), torch.zeros_like(self.b)
            self.root = torch.empty_like(self.w[0]), torch.empty_like(self.b)
            self.terminal = torch.empty_like(self.x0)
        else:
            self.w.requires_grad_(), self.b.requires_grad_()
            self.optimiser = torch.optim.RMSprop([self.w, self.b], lr=RATE, alpha=DECAY, eps=EPSILON)

    def check(self):
        for _ in range(3):
            self.run()
        return {"loss after three steps": float(self.run())}

    def run(self):
        return self.run_by_hand() if self.by_hand else self.run_by_autograd()

    def run_by_autograd(self):
        self.optimiser.zero_grad(set_to_none=True)
        scores = network(self.w, self.b, self.x0, "tanh")[:, :CLASSES]
        loss = torch.nn.functional.cross_entropy(scores, self.labels)
        loss.backward()
        self.optimiser.step()
        return loss.detach()

    @torch.no_grad()
    def run_by_hand(self):
        scores = self.solves.forward(self.x0)[:, :CLASSES]
        loss = torch.nn.functional.cross_entropy(scores, self.labels)
        self.terminal.zero_()
        self.terminal[:, :CLASSES] = torch.softmax(scores, 1)
        self.terminal[torch.arange(len(self.labels)), self.labels] -= 1
        self.solves.adjoint(self.terminal.mul_(1 / len(self.labels)))
        for k in range(LAYERS):  # a layer at a time stays in the cache
            self.update(self.w[k], self.solves.gw[k], self.mean[0][k], self.root[0])
        self.update(self.b, self.solves.gb, self.mean[1], self.root[1])
        return loss

    def update(self, p, g, mean, root):
        mean.mul_(DECAY).addcmul_(g, g, value=1 - DECAY)
        torch.sqrt(mean, out=root).add_(EPSILON)
        p.addcdiv_(g, root, value=-RATE)


def prepare(data, section, case, precision, peer):
    w, b = map(torch.from_numpy, data.dense("initial", precision))
    x0, labels = torch.from_numpy(data.array("images", precision)), torch.from_numpy(data.labels("labels"))
    by_hand = peer.endswith("by hand")
    if section == "ncg":
        return Iteration(w, b, x0, labels, case, by_hand)
    return Step(w, b, x0, labels, by_hand)
