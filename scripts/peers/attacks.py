"""Attacks of a hundred images by ART, Foolbox, and PyTorch by hand: PGD in the 2-norm, DeepFool, and the moving target
of the paper. All in the box [-1, 0]."""

import os
import warnings

import numpy as np
import torch

STEP, CLASSES, LENGTH, STEPS, KAPPA, OVERSHOOT, FURTHER = 3 / 150, 10, 0.03, 30, 0.975, 0.02, 1e-4
LOWER, UPPER = -1.0, 0.0

warnings.filterwarnings("ignore")
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


class Network(torch.nn.Module):
    def __init__(self, w, b):
        super().__init__()
        self.layers = [(wk.t(), bk) for wk, bk in zip(w.unbind(0), b.unbind(0))]
        self.anchor = torch.nn.Parameter(torch.zeros(1))  # some libraries ask where parameters lie

    def forward(self, x):
        for w, b in self.layers:
            x = torch.add(x, torch.tanh(torch.addmm(b, x, w)), alpha=STEP)
        return x[:, :CLASSES]


class ByHand:
    """Direct and adjoint problem without autograd; every image keeps its smallest success."""

    def __init__(self, w, b, x, labels, case):
        self.w, self.b, self.x, self.labels, self.case = w, b, x, labels, case

    def direct(self, x):
        slopes = []
        for w, b in zip(self.w, self.b):
            value = torch.addmm(b, x, w.t()).tanh_()
            slopes.append(1 - value * value)
            x = torch.add(x, value, alpha=STEP)
        return x[:, :CLASSES], slopes

    def adjoint(self, terminal, slopes):
        """For terminals, images x columns x classes."""
        images, columns, _ = terminal.shape
        state = torch.zeros(images, columns, self.w.shape[1], dtype=self.w.dtype)
        state[..., :CLASSES] = terminal
        flat = state.view(images * columns, -1)
        for w, slope in zip(reversed(self.w.unbind(0)), reversed(slopes)):
            flat.addmm_((state * slope[:, None]).view_as(flat), w, alpha=STEP)
        return state

    def rows(self, z, slopes):
        unit = torch.eye(CLASSES, dtype=z.dtype).expand(len(z), -1, -1)
        return self.adjoint(unit, slopes)

    @torch.no_grad()
    def attack(self):
        x, images = self.x.clone(), torch.arange(len(self.x))
        smallest = torch.full((len(x),), float("inf"), dtype=x.dtype)
        total = torch.zeros_like(x)
        for step in range(STEPS + 1):
            z, slopes = self.direct(x[images])
            labels = self.labels[images]
            norm = (x[images] - self.x[images]).norm(dim=1)
            fooled = z.argmax(1) != labels
            smallest[images] = torch.where(fooled, torch.minimum(norm, smallest[images]), smallest[images])
            if step == STEPS:
                break
            if self.case == "deepfool":  # done with the first success
                going = ~fooled
                images, z, labels = images[going], z[going], labels[going]
                slopes = [slope[going] for slope in slopes]
                if not len(images):
                    break
            self.move(x, total, images, z, labels, slopes)
        return x, smallest

    def move(self, x, total, images, z, labels, slopes):
        if self.case == "pgd":
            p = torch.softmax(z, 1)
            p[torch.arange(len(z)), labels] -= 1
            way = self.adjoint(p[:, None], slopes)[:, 0]
            x[images] = (x[images] + LENGTH * way / way.norm(dim=1, keepdim=True)).clamp_(LOWER, UPPER)
            return
        kappa = KAPPA if self.case == "moving-target" else 1.0
        rows, all_of_them = self.rows(z, slopes), torch.arange(len(z))
        ways = kappa * rows - rows[all_of_them, labels][:, None]
        distance = (z[all_of_them, labels][:, None] - kappa * z) / ways.norm(dim=2)
        distance[all_of_them, labels] = float("inf")
        nearest = distance.argmin(1)
        way = ways[all_of_them, nearest]
        way = way / way.norm(dim=1, keepdim=True)
        if self.case == "moving-target":
            x[images] = (x[images] + LENGTH * way).clamp_(LOWER, UPPER)
        else:
            total[images] += (distance[all_of_them, nearest][:, None] + FURTHER) * way
            x[images] = (self.x[images] + (1 + OVERSHOOT) * total[images]).clamp_(LOWER, UPPER)


class Attack:
    """`attack()` gives the last point of every image and, by hand, the norm of its smallest success."""

    def __init__(self, network, x, labels, attack):
        self.network, self.x, self.labels, self.attack = network, x, labels, attack

    def run(self):
        return self.attack()

    def check(self):
        found = self.attack()
        last, smallest = found if isinstance(found, tuple) else (found, None)
        last = torch.as_tensor(np.asarray(last))
        with torch.no_grad():
            fooled = self.network(last).argmax(1) != self.labels
        norm = (last - self.x).norm(dim=1)[fooled].mean()
        values = {"fooled at the last point": int(fooled.sum()), "mean norm of the last points": float(norm)}
        if smallest is not None:
            successes = smallest[smallest.isfinite()]
            values |= {"fooled": len(successes), "mean smallest norm": float(successes.double().mean())}
        return values


def by_art(network, x, labels, case):
    from art.attacks.evasion import DeepFool, ProjectedGradientDescent
    from art.estimators.classification import PyTorchClassifier

    classifier = PyTorchClassifier(
        model=network, loss=torch.nn.CrossEntropyLoss(), input_shape=(x.shape[1],), nb_classes=CLASSES,
        clip_values=(LOWER, UPPER), device_type="cpu",
    )
    shared = dict(batch_size=len(x), verbose=False)
    if case == "pgd":
        radius = LENGTH * STEPS
        method = ProjectedGradientDescent(classifier, norm=2, eps=radius, eps_step=LENGTH, max_iter=STEPS, **shared)
    else:
        method = DeepFool(classifier, max_iter=STEPS, epsilon=OVERSHOOT, nb_grads=CLASSES, **shared)
    x, labels = x.numpy(), labels.numpy()
    return lambda: method.generate(x=x, y=labels)


def by_foolbox(network, x, labels, case):
    import foolbox

    model = foolbox.PyTorchModel(network, bounds=(LOWER, UPPER), device="cpu")
    if case == "pgd":
        method = foolbox.attacks.L2PGD(abs_stepsize=LENGTH, steps=STEPS, random_start=False)
        return lambda: method(model, x, labels, epsilons=LENGTH * STEPS)[1].detach()
    method = foolbox.attacks.L2DeepFoolAttack(steps=STEPS, candidates=CLASSES, overshoot=OVERSHOOT)
    return lambda: method(model, x, labels, epsilons=None)[1].detach()


def prepare(data, section, case, precision, peer):
    w, b = map(torch.from_numpy, data.dense("trained", precision))
    x = torch.from_numpy(data.array("attacked_images", precision))
    labels, network = torch.from_numpy(data.labels("attacked_labels")), Network(w, b).eval()
    if peer == "PyTorch by hand":
        return Attack(network, x, labels, ByHand(w, b, x, labels, case).attack)
    by = by_art if peer == "ART" else by_foolbox
    return Attack(network, x, labels, by(network, x, labels, case))
