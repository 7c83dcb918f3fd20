#!/usr/bin/env python3
"""Attacks the network of crates/snode-attack/tests/data by the APGD of its authors.

    compare-apgd.py              checks that tests/data/apgd.csv is what it gives
    compare-apgd.py --write      writes it

The authors' program is https://github.com/fra31/auto-attack, in PyTorch, here in double precision and from
the clean image instead of a random start, so that it can be followed image by image. It has images in [0, 1]; ours
are in [-1, 0], one less. tests/it/comparison.rs holds snode-attack against the file. A row per image; `first` is
after how many of 100 steps an image is fooled first, empty where it is not, or was predicted wrongly before.
"""

import csv
import io
import sys

import numpy as np
import plain_attacks as plain
import torch
from autoattack.autopgd_base import APGDAttack

RADII = {"L2": [0.1, 0.15, 0.2, 0.4], "Linf": [0.02, 0.05]}
CASES = [(norm, radius, loss) for norm in RADII for radius in RADII[norm] for loss in ["ce", "dlr"]]
NAMES = {"L2": "two", "Linf": "inf"}
ITERATIONS = 100


class Recorded(APGDAttack):
    """Notes after how many steps an image is fooled first: the model is asked once a step, in order."""

    def first(self, x, labels):
        self.init_hyperparam(x)
        asked, first = [0], np.full(len(x), np.nan)
        scores = self.model

        def model(points):
            z = scores(points)
            new = np.isnan(first) & (z.argmax(1) != labels).numpy()
            first[new] = asked[0]
            asked[0] += 1
            return z

        self.model = model
        self.attack_single_run(x, labels, x_init=x)
        self.model = scores
        return first


def main():
    torch.set_default_dtype(torch.float64)
    network, (images, labels) = plain.Network(), plain.load_images()
    weights, biases = torch.tensor(network.weights), torch.tensor(network.biases)

    def scores(x):
        x = x + plain.LOWER
        for w, b in zip(weights, biases):
            x = x + network.h * torch.relu(x @ w.T + b)
        return x[:, : plain.CLASSES]

    x, y = torch.tensor(images - plain.LOWER), torch.tensor(labels)
    wrong = network.scores(images).argmax(axis=1) != labels
    table = {}
    for norm, radius, loss in CASES:
        attack = Recorded(scores, n_iter=ITERATIONS, norm=norm, eps=radius, loss=loss, n_restarts=1, seed=0)
        first = np.where(wrong, np.nan, attack.first(x, y))
        table[f"{NAMES[norm]}.{radius}.{loss}.first"] = first
        print(f"{norm} {radius} {loss}: {np.isfinite(first).sum()} of {plain.IMAGES - wrong.sum()} fooled")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    for row in zip(*table.values()):
        writer.writerow("" if np.isnan(v) else int(v) for v in row)
    path = plain.DATA / "apgd.csv"
    if sys.argv[1:] == ["--write"]:
        path.write_text(text.getvalue())
        return
    assert path.read_text() == text.getvalue(), f"{path} is not what the authors' APGD gives"
    print("ok    apgd.csv is what the authors' APGD gives")


if __name__ == "__main__":
    main()
