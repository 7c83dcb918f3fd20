#!/usr/bin/env python3
"""Draws the figures of docs/figures.md, and compares what they show with what snode says.

    check-figures.py FOLDER

FOLDER has a run, small.h5, and what snode printed and wrote of it: scripts/check-figures.sh makes it.
The Python of the documentation is not copied: it is taken from there and run.
"""

import csv
import json
import os
import pathlib
import re
import sys

import matplotlib

matplotlib.use("Agg")
import numpy as np

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "figures.md"


def draw(block):
    """Runs one block; its names, once the figure it speaks of has been written."""
    (name,) = re.findall(r'savefig\("([^"]*)"', block)
    names = {"path": "small.h5"}
    exec(block, names)
    assert pathlib.Path(name).read_bytes().startswith(b"\x89PNG"), name
    assert pathlib.Path(name).stat().st_size > 5000, name
    print(f"drawn {name}")
    return names


def check_training(names):
    show = json.load(open("show.json", encoding="utf-8"))
    (accuracy,), (cost,) = names["left"].lines, names["right"].lines
    evaluations = [e for e in show["evaluations"] if e["set"] == "test"]
    assert len(evaluations) > 2 and len(show["iterations"]) > 100
    assert accuracy.get_xdata().tolist() == [e["seconds"] for e in evaluations]
    assert np.allclose(accuracy.get_ydata(), [100 * e["correct"] / e["total"] for e in evaluations], rtol=1e-14)
    assert cost.get_xdata().tolist() == [i["seconds"] for i in show["iterations"]]
    assert cost.get_ydata().tolist() == [i["cost"] for i in show["iterations"]]


def check_robustness(names):
    (table,) = pathlib.Path(".").glob("*robustness*.csv")
    found = {}
    for row in csv.DictReader(open(table, encoding="utf-8")):
        found.setdefault(float(row["level"]), []).append(100 * int(row["correct"]) / int(row["images"]))
    (container,) = names["axes"].containers
    line, _, (bars,) = container.lines
    assert container.get_label() == "euler"
    assert line.get_xdata().tolist() == list(found), (line.get_xdata(), list(found))
    assert np.allclose(line.get_ydata(), [np.mean(draws) for draws in found.values()], rtol=1e-12)
    spread = [(high - low) / 2 for (_, low), (_, high) in bars.get_segments()]
    assert np.allclose(spread, [np.std(draws, ddof=1) for draws in found.values()], atol=1e-9)


def check_attack(names):
    said = json.load(open("attack.json", encoding="utf-8"))
    (curve,) = names["curve"].lines
    epsilon, success = curve.get_xdata(), curve.get_ydata()
    assert said["fooled"] > 10 and len(epsilon) == said["fooled"] + 1
    assert np.isclose(epsilon[-1], said["norm2"]["largest"], rtol=1e-14)
    assert np.isclose(success[-1], 100 * said["fooled"] / (said["images"] - said["wrong_before"]), rtol=1e-14)
    for point in said["success_curve"]:
        norm, share = point if isinstance(point, list) else (point["norm"], point["success"])
        assert np.isclose(success[np.searchsorted(epsilon, norm, side="right") - 1], 100 * share, rtol=1e-12)
    (table,) = pathlib.Path(".").glob("small-moving-target.csv")
    fooled = [row for row in csv.DictReader(open(table, encoding="utf-8")) if row["outcome"] == "fooled"]
    assert [int(float(row["class_after"])) for row in fooled[:10]] == names["taken_for"].tolist()
    (image,) = names["images"].images
    sheet = np.asarray(image.get_array())
    assert sheet.shape == (14, 140) and sheet.min() >= -1 and sheet.max() <= 0
    assert [label.get_text() for label in names["images"].get_xticklabels()] == [str(c) for c in names["taken_for"]]


def main():
    os.chdir(sys.argv[1])
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), flags=re.S)
    checks = [check_training, check_robustness, check_attack]
    assert len(blocks) == len(checks), len(blocks)
    for block, check in zip(blocks, checks):
        check(draw(block))


if __name__ == "__main__":
    main()
