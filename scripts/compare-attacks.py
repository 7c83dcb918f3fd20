#!/usr/bin/env python3
"""Attacks the network of crates/snode-attack/tests/data by independent implementations.

    compare-attacks.py              checks that tests/data/reference.csv is what they give
    compare-attacks.py --write      writes it
    compare-attacks.py --fixture RUN.h5     makes the network and the images from a run of network.toml

These are the Adversarial Robustness Toolbox (ART) with a NumPy estimator, Foolbox with JAX and its automatic
differentiation, and plain versions of what the authors of the methods published (plain_attacks.py).
tests/data/README.md says what is in reference.csv; tests/it/comparison.rs holds snode-attack against it.
"""

import csv
import io
import os
import sys
import tempfile
import warnings

os.environ.setdefault("ART_DATA_PATH", tempfile.gettempdir())
warnings.filterwarnings("ignore")

import numpy as np
import plain_attacks as plain

RADII = {"inf": [0.05, 0.1, 0.2], "two": [0.05, 0.1, 0.2, 0.4]}
PGD = {"inf": (0.01, RADII["inf"]), "two": (0.03, [0.1, 0.2, 0.4, None])}  # step; radii, None for no ball
ITERATIONS = 30


def art_estimator(network):
    from art.estimators.classification import ClassGradientsMixin, ClassifierMixin
    from art.estimators.estimator import BaseEstimator, LossGradientsMixin

    class Estimator(ClassGradientsMixin, ClassifierMixin, LossGradientsMixin, BaseEstimator):
        input_shape = (plain.WIDTH,)

        def predict(self, x, **_):
            return network.scores(x)

        def fit(self, *_, **__):
            raise NotImplementedError

        def loss_gradient(self, x, y, **_):
            z = network.scores(x)
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return network.adjoint(x, (e / e.sum(axis=1, keepdims=True) - y)[:, None])[1][:, 0]

        def class_gradient(self, x, label=None, **_):
            p = network.jacobians(x)[1]
            if label is None:
                return p
            label = np.broadcast_to(label, len(x))
            return p[np.arange(len(x)), label][:, None]

    estimator = Estimator(model=None, clip_values=(plain.LOWER, plain.UPPER))
    estimator.nb_classes = plain.CLASSES
    return estimator


class Toolbox:
    """ART."""

    def __init__(self, network, x, labels):
        self.estimator = art_estimator(network)
        self.x, self.y = x, np.eye(plain.CLASSES)[labels]

    def run(self, name, **options):
        import art.attacks.evasion as evasion
        from art.attacks.evasion.projected_gradient_descent import projected_gradient_descent_numpy as pgd

        method = getattr(evasion, name, None) or getattr(pgd, name)
        return method(self.estimator, **options).generate(self.x, self.y).astype(float)

    def fgsm(self, norm, radius):
        norm = {"inf": np.inf, "two": 2}[norm]
        return self.run("FastGradientMethod", norm=norm, eps=radius, batch_size=plain.IMAGES)

    def pgd(self, norm, radius, step, iterations):
        return self.run(
            "ProjectedGradientDescentNumpy",
            norm={"inf": np.inf, "two": 2}[norm],
            eps=1e3 if radius is None else radius,
            eps_step=step,
            max_iter=iterations,
            batch_size=plain.IMAGES,
            verbose=False,
        )

    def deepfool(self):
        return self.run(
            "DeepFool", max_iter=50, epsilon=0.02, nb_grads=plain.CLASSES, batch_size=plain.IMAGES, verbose=False
        )

    def carlini_wagner(self):
        return self.run(
            "CarliniL2Method",
            confidence=0.0,
            learning_rate=0.01,
            binary_search_steps=9,
            max_iter=100,
            initial_const=1e-3,
            batch_size=plain.IMAGES,
            verbose=False,
        )


class Foolbox:
    """Foolbox, with the network written again for JAX."""

    def __init__(self, network, x, labels):
        import foolbox
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)

        @jax.jit
        def scores(x):
            for w, b in zip(network.weights, network.biases):
                x = x + network.h * jax.nn.relu(x @ w.T + b)
            return x[:, : plain.CLASSES]

        self.model = foolbox.models.JAXModel(scores, bounds=(plain.LOWER, plain.UPPER))
        self.attacks = foolbox.attacks
        self.x, self.y = jnp.asarray(x), jnp.asarray(labels)

    def run(self, method, **options):
        return np.asarray(method.run(self.model, self.x, self.y, **options))

    def fgsm(self, norm, radius):
        method = {"inf": "LinfFastGradientAttack", "two": "L2FastGradientAttack"}[norm]
        return self.run(getattr(self.attacks, method)(), epsilon=radius)

    def pgd(self, norm, radius, step, iterations):
        method = {"inf": "LinfProjectedGradientDescentAttack", "two": "L2ProjectedGradientDescentAttack"}[norm]
        method = getattr(self.attacks, method)(abs_stepsize=step, steps=iterations, random_start=False)
        return self.run(method, epsilon=1e3 if radius is None else radius)

    def deepfool(self):
        return self.run(self.attacks.L2DeepFoolAttack(steps=50, candidates=plain.CLASSES, overshoot=0.02), early_stop=None)

    def carlini_wagner(self):
        # It judges a point before it makes a step, so the last of its steps goes nowhere: 101 for our 100.
        method = self.attacks.L2CarliniWagnerAttack(
            binary_search_steps=9, steps=101, stepsize=0.01, confidence=0, initial_const=1e-3, abort_early=False
        )
        return self.run(method)


class Judge:
    """Norms of the perturbations that fool; NaN for those that do not."""

    def __init__(self, network, x, labels):
        self.network, self.x, self.labels = network, x, labels

    def fooled(self, adversarial):
        return self.network.scores(adversarial).argmax(axis=1) != self.labels

    def norms(self, adversarial, norm="two"):
        order = {"inf": np.inf, "two": 2}[norm]
        norms = np.linalg.norm(adversarial - self.x, ord=order, axis=1)
        return np.where(self.fooled(adversarial), norms, np.nan)

    def course(self, norm, run):
        """Of the points after 1, 2, ... steps: when the first fools, its 2-norm, the least norm that fools, and
        whether the last one does."""
        first, first_norm = np.full((2, plain.IMAGES), np.nan)
        least = first
        for step in range(1, ITERATIONS + 1):
            point = run(step)
            new = np.isnan(first) & self.fooled(point)
            first, first_norm = np.where(new, step, first), np.where(new, self.norms(point), first_norm)
            least = np.fmin(least, self.norms(point, norm))
        return {"first": first, "first_norm2": first_norm, "norm": least, "last": self.fooled(point).astype(float)}


def alike(art, foolbox, name):
    """Whether both libraries say the same of each image: which fool, after how many steps, how far away."""
    both = [np.asarray(t[name]) for t in (art, foolbox)]
    assert np.allclose(*both, rtol=0, atol=5e-7, equal_nan=True), f"ART and Foolbox differ in {name}"
    return art[name]


def gradient_attacks(attacks, judge):
    """Columns of FGSM and PGD."""
    table = {}
    for norm, radii in RADII.items():
        for radius in radii:
            table[f"fgsm.{norm}.{radius}"] = judge.norms(attacks.fgsm(norm, radius))
    for norm, (step, radii) in PGD.items():
        for radius in radii:
            course = judge.course(norm, lambda count: attacks.pgd(norm, radius, step, count))
            table.update({f"pgd.{norm}.{radius}.{name}": values for name, values in course.items()})
    return table


def columns(network, x, labels):
    """All that is recorded: columns of a number for each image."""
    judge = Judge(network, x, labels)
    libraries = {"art": Toolbox(network, x, labels), "foolbox": Foolbox(network, x, labels)}
    art, foolbox = (gradient_attacks(library, judge) for library in libraries.values())
    table = {}
    for name in art:
        # In a ball of the 2-norm ART clips to the box first and projects onto the ball then, Foolbox the other
        # way round. Everything else has to be alike.
        if name.startswith("pgd.two") and "None" not in name:
            table[f"art.{name}"], table[f"foolbox.{name}"] = art[name], foolbox[name]
        else:
            table[name] = alike(art, foolbox, name)
    for name, library in libraries.items():
        table[f"{name}.deepfool"] = judge.norms(library.deepfool())
        table[f"{name}.cw"] = judge.norms(library.carlini_wagner())

    def each(method, *more):
        return np.array([method(network, *image, *more) for image in zip(x, labels)], float).T

    table["plain.cw"] = each(plain.carlini_wagner)
    table["plain.deepfool.first"], table["plain.deepfool"] = each(plain.deepfool, 1e-4)
    table["plain.moving-target.first"], table["plain.moving-target"] = each(plain.moving_target)
    table["plain.targeted"] = each(plain.targeted)
    wrong = network.scores(x).argmax(axis=1) != labels
    return {name: np.where(wrong, np.nan, values) for name, values in table.items()}, wrong.sum()


def write(table):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    for row in zip(*table.values()):
        writer.writerow("" if np.isnan(v) else f"{v:.8g}" for v in row)
    return text.getvalue()


def main():
    if sys.argv[1:2] == ["--fixture"]:
        plain.make_fixture(sys.argv[2])
        return
    network, (x, labels) = plain.Network(), plain.load_images()
    table, wrong = columns(network, x, labels)
    print(f"{plain.IMAGES} images, {wrong} wrong before")
    for name, values in table.items():
        print(f"{name:40} {np.isfinite(values).sum():4} of {plain.IMAGES - wrong}, mean {np.nanmean(values):.6f}")
    path = plain.DATA / "reference.csv"
    if sys.argv[1:] == ["--write"]:
        path.write_text(write(table))
        return
    with open(path) as f:
        rows = list(csv.reader(f))
    stored = {name: [float(v or "nan") for v in values] for name, *values in zip(*rows)}
    assert list(stored) == list(table), "columns differ"
    for name, values in table.items():
        assert np.allclose(values, stored[name], rtol=1e-5, atol=1e-7, equal_nan=True), f"{name} differs"
    print("ok    reference.csv is what these implementations give")


if __name__ == "__main__":
    main()
