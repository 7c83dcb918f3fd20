#!/usr/bin/env python3
"""Makes the files of this folder, and cells73.mat of snode-cli's: `make.py` (NumPy, SciPy, h5py).

Two layers of width 3: W_k[i, j] = 10 k + 3 i + j + 1/2, b_k[i] = k - i.
"""

import pathlib
import struct

import h5py
import numpy as np
import scipy.io

here = pathlib.Path(__file__).resolve().parent
W = [np.array([[10 * k + 3 * i + j + 0.5 for j in range(3)] for i in range(3)]) for k in range(2)]
b = [np.array([[k - i] for i in range(3)], float) for k in range(2)]


def cells(matrices, kind=float):
    array = np.empty((1, 2), object)
    for k, matrix in enumerate(matrices):
        array[0, k] = matrix.astype(kind)
    return array


for name, kind, compressed in ("plain", float, False), ("compressed", float, True), ("single", "f4", True):
    file = {"note": "text", "Wcell": cells(W, kind), "Bcell": cells(b, kind), "x": 3.0}
    scipy.io.savemat(here / f"{name}.mat", file, do_compression=compressed)


# SciPy writes neither big-endian files nor doubles as shorter types, as MATLAB does; by hand then.
def element(kind, data):
    if 0 < len(data) <= 4:
        return struct.pack(">HH", len(data), kind) + data.ljust(4, b"\0")
    return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(name, kind, shape, contents):
    head = element(6, struct.pack(">II", kind, 0)) + element(5, struct.pack(">ii", *shape))
    return element(14, head + element(1, name) + contents)


def doubles(values):
    return element(9, np.asarray(values).astype(">f8").T.tobytes())


def bytes_(values):
    return element(1, np.asarray(values).astype("i1").T.tobytes())


header = b"MATLAB 5.0 MAT-file, by hand".ljust(124) + struct.pack(">H", 0x100) + b"MI"
(here / "big-endian.mat").write_bytes(
    header
    + matrix(b"Wcell", 1, (1, 2), b"".join(matrix(b"", 6, (3, 3), doubles(w)) for w in W))
    + matrix(b"Bcell", 1, (1, 2), b"".join(matrix(b"", 6, (3, 1), bytes_(v)) for v in b)))

with h5py.File(here / "../../../snode-cli/tests/data/cells73.mat", "w", userblock_size=512, track_order=False) as f:
    for name, matrices in ("Wcell", W), ("Bcell", b):
        references = f.create_dataset(name, (2, 1), dtype=h5py.ref_dtype, track_times=False)
        for k, value in enumerate(matrices):
            references[k, 0] = f.create_dataset(f"#refs#/{name}{k}", data=value.T, track_times=False).ref
with open(here / "../../../snode-cli/tests/data/cells73.mat", "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file, by h5py".ljust(124) + b"\x00\x02IM")
