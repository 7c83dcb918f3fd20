#!/usr/bin/env python3
"""Draws a run: its accuracy during training, the cost of every batch, and one weight through depth.

    python3 scripts/plot-run.py RUN.h5 OUT.png        (needs h5py, numpy and matplotlib)

Everything is read as docs/hdf5-layout.md describes it.
"""

import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#999999"  # told apart by colour-blind readers too


def main(run, out):
    with h5py.File(run) as file:
        history = file["training/history"][:]
        evaluations = file["training/evaluations"][:]
        times = file["network/grid"][:]
        weights = file["network/weights"]
        # The entry that training moved most along depth, of a sample of them.
        sample = weights[:, ::7, ::7]
        spread = sample.max(axis=0) - sample.min(axis=0)
        row, column = np.unravel_index(np.argmax(spread), spread.shape)
        path = sample[:, row, column]
        name = file.attrs["name"]
        network = file["network"].attrs
        title = f"{name}: {network['activation']}, T = {network['horizon']:g}, {network['steps']} layers"

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.4), layout="constrained")
    figure.suptitle(title, fontsize=11)

    test = evaluations[evaluations["set"] == b"test"]
    left.plot(test["seconds"], 100 * test["accuracy"], "o-", color=BLUE, markersize=4)
    left.set(xlabel="training time [s]", ylabel="test accuracy [%]", title=f"test accuracy, {100 * test['accuracy'][-1]:.2f} % at the end")

    first = history[history["iteration"] == 0]
    last = history[history["iteration"] == history["iteration"].max()]
    middle.semilogy(np.arange(len(first)), first["cost"], ".", color=GREY, markersize=3, label="before its first step")
    middle.semilogy(np.arange(len(last)), last["cost"], ".", color=ORANGE, markersize=3, label="before its last step")
    middle.set(xlabel="mini-batch", ylabel="cost J", title="cost of each mini-batch")
    middle.legend(frameon=False, fontsize=8)

    right.plot(times, path, color=BLUE)
    right.set(xlabel="depth t", ylabel=f"W$_{{{7 * row},{7 * column}}}$(t)", title="one weight through depth")
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.title.set_fontsize(10)
    figure.savefig(out, dpi=130)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
