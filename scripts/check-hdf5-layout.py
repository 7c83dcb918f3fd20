#!/usr/bin/env python3
"""Reads a run file as docs/hdf5-layout.md says, and compares it with what its writer printed.

    check-hdf5-layout.py FILE EXPECTED

FILE and EXPECTED come from `cargo run -p snode-store --example write_sample -- FILE > EXPECTED`.
The Python of the documentation is not copied: it is taken from there and run. At the end the file
gets a new attribute and a new seal, for snode to read it again.
"""

import pathlib
import re
import sys

import h5py
import numpy as np

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "hdf5-layout.md"


TYPES = {"u8": np.uint8, "u32": np.uint32, "u64": np.uint64, "f64": np.float64}


def described(text):
    """The names that the tables of the documentation give with their types, by section heading."""
    sections = {}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, body = section.split("\n", 1)
        rows = re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", body, flags=re.M)
        sections[heading] = {name: kind for names, kind in rows for name in re.findall(r"`(\w+)`", names)}
    return sections


def found(*objects):
    """The types of attributes, datasets and columns."""
    types = {}
    for thing in objects:
        types.update({name: np.asarray(value).dtype for name, value in thing.attrs.items()})
        if isinstance(thing, h5py.Dataset):
            types.update({name: thing.dtype[name] for name in thing.dtype.names})
        else:
            types.update({name: value.dtype for name, value in thing.items() if isinstance(value, h5py.Dataset)})
    return types


def check_names(f, sections):
    """Everything in the file is documented, and everything documented is in the file."""
    real = {"f32": np.float32, "f64": np.float64}[f.attrs["precision"]]
    for heading, objects in {
        "The file: attributes of `/`": [f],
        "`/configuration`": [f["configuration"]],
        "`/network`": [f["network"]],
        "`/training`": [f["training/history"], f["training/evaluations"]],
        "`/checkpoint`": [f["checkpoint"]],
    }.items():
        types, documented = found(*objects), sections[heading]
        assert set(types) == set(documented), (heading, set(types) ^ set(documented))
        for name, kind in documented.items():
            if kind == "text":
                assert types[name].kind in "OU", (heading, name, types[name])
            elif kind.startswith("64 bytes"):
                assert types[name].itemsize == 64 and types[name].kind == "S", (heading, name)
            else:
                assert types[name] == (real if kind == "real" else TYPES[kind]), (heading, name, types[name])
    assert set(f) == {"configuration", "provenance", "network", "training", "checkpoint"}, set(f)
    assert set(f["training"]) == {"history", "evaluations"}
    table = f["training/history"].dtype
    assert table.itemsize == sum(table[name].itemsize for name in table.names)


def check_shapes(f):
    real = {"f32": np.float32, "f64": np.float64}[f.attrs["precision"]]
    network = f["network"]
    n, steps = int(network.attrs["width"]), int(network.attrs["steps"])
    layers = steps + (network.attrs["ends"] == "closed")
    for group, prefix in [("network", ""), ("checkpoint", "direction_"), ("checkpoint", "last_gradient_")]:
        weights, biases = f[group][prefix + "weights"], f[group][prefix + "biases"]
        assert weights.shape == (layers, n, n) and weights.dtype == real, weights
        assert biases.shape == (layers, n) and biases.dtype == real, biases
        assert np.isfinite(weights[:]).all() and np.isfinite(biases[:]).all()
        assert weights.fletcher32 and weights.compression == "gzip" and weights.shuffle
        assert weights.chunks == (1, n, n)
    assert network["grid"].dtype == np.float64
    horizon = network.attrs["horizon"]
    assert np.allclose(network["grid"][:], horizon / steps * np.arange(layers), rtol=1e-14)
    assert f["provenance"].attrs["purpose"] == "a check of the layout, ü and ∫ included"


def main():
    file, expected_file = sys.argv[1:]
    expected = [line.split() for line in open(expected_file, encoding="utf-8")]

    def values(name):
        return [fields[1:] for fields in expected if fields[0] == name]

    text = DOCUMENT.read_text(encoding="utf-8")
    reading, sealing = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    names = {"path": file}
    exec(reading, names)

    with h5py.File(file, "r") as f:
        assert f.userblock_size == 512
        assert f.attrs["format"] == "snode-run" and f.attrs["layout_version"] == 1
        check_names(f, described(text))
        check_shapes(f)

    W, history, evaluations = names["W"], names["history"], names["evaluations"]
    (k, i, j, weight), = values("weight")
    assert W[int(k), int(i), int(j)] == W.dtype.type(weight)
    cost = [float(fields[0]) for fields in values("cost")]
    assert history["cost"].tolist() == cost
    assert history["iteration"].tolist() == [row % 6 for row in range(len(cost))]
    assert history["restarted"].nonzero()[0].tolist() == [4]
    assert history["rose"].nonzero()[0].tolist() == [5]
    assert history["halvings"].tolist() == list(range(len(cost)))
    assert evaluations["set"].tolist() == [b"test", b"validation"]
    assert evaluations["accuracy"].tolist() == [0.85, 0.875]
    assert names["configuration"] == 'name = "sample"\nseed = 11\n'
    assert names["network"]["activation"] == "tanh"

    n = W.shape[1]
    x = names["output"](-np.arange(n, dtype=W.dtype) / W.dtype.type(n))
    there = np.array([float(fields[0]) for fields in values("output")])
    difference = abs(x - there).max()
    print(f"x(T) by NumPy: {np.array2string(x, precision=4, max_line_width=100)}")
    print(f"largest difference from snode's: {difference:.1e}")
    assert difference < 50 * np.finfo(W.dtype).eps, difference

    with h5py.File(file, "r+") as f:
        f.attrs["comment"] = "added by h5py"
    exec(sealing, names)
    names["seal"](file)


if __name__ == "__main__":
    main()
