#!/usr/bin/env python3
"""Holds snode's files for other programs, and its reading of theirs, against those programs.

    check-exchange.py SNODE FOLDER

SNODE is the program; FOLDER holds what the example write_samples of snode-exchange wrote, and is
written to. The Python of docs/exchange.md is not copied: it is taken from there and run.
"""

import json
import pathlib
import re
import struct
import subprocess
import sys

import h5py
import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "exchange.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text(), flags=re.M | re.S)
SAFETENSORS, TORCH, NUMPY, MATLAB, ONNX = BLOCKS

PRECISIONS = {"f32": (np.float32, 1e-5), "f64": (np.float64, 1e-13)}


def documented(block, **names):
    """Runs a block of the document with these names; gives back all names there are then."""
    exec(block, names)
    return names


def distance(found, expected):
    """The largest error relative to the largest number of a data point."""
    scale = np.maximum(np.abs(expected).max(axis=1, keepdims=True), 1.0)
    return (np.abs(found - expected) / scale).max()


def check_samples(folder):
    """Every activation in both precisions: NumPy and safetensors agree, onnxruntime computes the same."""
    worst = dict.fromkeys(PRECISIONS, 0.0)
    samples = sorted(set(folder.glob("*-f??.onnx")) - set(folder.glob("convolution-*")))
    assert len(samples) == 18, samples
    for path in samples:
        precision = path.stem.rsplit("-", 1)[1]
        kind, tolerance = PRECISIONS[precision]
        read = documented(NUMPY, npz_path=path.with_suffix(".npz"), npz_output=folder / "again.npz")
        again = documented(SAFETENSORS, safetensors_path=path.with_suffix(".safetensors"),
                           safetensors_output=folder / "again.safetensors")
        W, b = read["W"], read["b"]
        assert W.dtype == b.dtype == kind and W.shape == (20, 12, 12) and b.shape == (20, 12)
        assert (W == again["W"]).all() and (b == again["b"]).all() and read["T"] == 3.0

        onnx.checker.check_model(onnx.load(path), full_check=True)
        x = np.fromfile(path.with_suffix(".x")).reshape(40, 12).astype(kind)
        y = np.fromfile(path.with_suffix(".y")).reshape(40, 12)
        ran = documented(ONNX, onnx_path=path, x=x)
        state = ran["session"].run(["state"], {"x": x})[0]
        assert state.dtype == kind and (ran["logits"] == state[:, :4]).all()
        assert ran["properties"]["activation"] == path.stem.rsplit("-", 1)[0] == read["sigma"]
        error = distance(state, y)
        assert error < tolerance, f"{path.name}: {error}"
        worst[precision] = max(worst[precision], error)
    print("ok    numpy and safetensors read the same parameters, of all nine activations")
    for precision, error in worst.items():
        print(f"ok    onnx.checker; onnxruntime against snode in {precision}: {error:.1e}")


def check_convolutions(folder):
    """Convolutions of images, at one and at several resolutions, with every readout: onnxruntime, or in
    double precision, where it has no Conv, the evaluator of ONNX itself, computes the same scores."""
    samples = sorted(folder.glob("convolution-*-f??.onnx"))
    assert len(samples) == 12, samples
    for path in samples:
        kind, tolerance = PRECISIONS[path.stem.rsplit("-", 1)[1]]
        onnx.checker.check_model(onnx.load(path), full_check=True)
        x = np.fromfile(path.with_suffix(".x")).reshape(40, -1).astype(kind)
        y = np.fromfile(path.with_suffix(".y")).reshape(40, -1)
        if kind == np.float32:
            by, logits = "onnxruntime", documented(ONNX, onnx_path=path, x=x)["logits"]
        else:
            by, (logits,) = "onnx.reference", ReferenceEvaluator(onnx.load(path)).run(["logits"], {"x": x})
        error = distance(logits, y)
        assert logits.dtype == kind and error < tolerance, f"{path.name}: {error}"
        print(f"ok    {path.stem}: {by} is within {error:.1e} of snode's scores")


def write_images(folder, images, labels):
    """A data set in IDX files; the test images are the training images too."""
    folder.mkdir(exist_ok=True)
    header = struct.pack(">IIII", 0x803, *images.shape)
    for name in "train", "t10k":
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 0x801, len(labels)) + labels.tobytes())


def write_mat73(path, W, b):
    """A file as MATLAB 7.3 writes it: HDF5 behind 512 bytes, cells as references, dimensions reversed."""
    with h5py.File(path, "w", userblock_size=512) as f:
        for name, matrices in ("Wcell", W), ("Bcell", b[:, :, None]):
            references = f.create_dataset(name, (len(W), 1), dtype=h5py.ref_dtype)
            references.attrs["MATLAB_class"] = np.bytes_("cell")
            for k, matrix in enumerate(matrices):
                cell = f.create_dataset(f"#refs#/{name}{k}", data=matrix.T, compression="gzip")
                cell.attrs["MATLAB_class"] = np.bytes_("double")
                references[k, 0] = cell.ref
    with open(path, "r+b") as f:
        text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: today HDF5 schema 1.00 ."
        f.write(text.ljust(116) + bytes(8) + b"\x00\x02IM")


def check_import(snode, folder):
    """Networks written by Python are imported, and predict what NumPy predicts of them."""
    random = np.random.default_rng(1)
    side, layers, count = 6, 10, 600
    n = side * side
    images = random.integers(0, 256, (count, side, side), dtype=np.uint8)
    W, b = random.standard_normal((layers, n, n)) / 3, random.standard_normal((layers, n))

    def final_state(W, b, background=0.0, foreground=-1.0):
        x = background + (foreground - background) * images.reshape(count, n) / 255
        for k in range(layers):
            x = x + 0.3 * np.tanh(x @ W[k].T + b[k])
        return x

    predicted = final_state(W, b)[:, :3].argmax(axis=1)
    # Labels that are right for about half of the images.
    labels = np.where(random.random(count) < 0.5, predicted, random.integers(0, 3, count)).astype(np.uint8)
    write_images(folder / "images", images, labels)
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (labels, predicted), 1)

    saves = dict(W=W, b=b)
    documented(NUMPY.split("np.savez")[0].split("with")[0] + "np.savez" + NUMPY.split("np.savez")[1],
               npz_output=folder / "p.npz", **saves)
    np.savez_compressed(folder / "fortran.npz", weights=np.asfortranarray(W).astype(">f8"), biases=b,
                        horizon=3.0, activation=b"tanh", classes=np.int32(3))
    documented("\n".join(SAFETENSORS.splitlines()[:2] + SAFETENSORS.splitlines()[4:]),
               safetensors_output=folder / "p.safetensors", **saves)
    documented(TORCH, torch_output=folder / "torch.safetensors", **saves)
    documented(MATLAB, mat_output=folder / "p.mat", **saves)
    write_mat73(folder / "p73.mat", W, b)

    pixels = ["--background", "0", "--foreground", "-1"]
    said = ["--horizon", "3", "--activation", "tanh", "--classes", "3", *pixels]
    step = ["--step", "0.3", *said[2:], "--names", "layers.{}"]
    for name, options in [("p.npz", []), ("fortran.npz", pixels), ("p.safetensors", []),
                          ("torch.safetensors", step), ("p.mat", said), ("p73.mat", said)]:
        output = folder / f"{name}.h5"
        output.unlink(missing_ok=True)
        run = [snode, "import", folder / name, "--output", output, "--data", folder / "images", *options]
        subprocess.run(run, check=True, stderr=subprocess.DEVNULL)
        eval_ = subprocess.run([snode, "eval", output, "--json"], check=True, capture_output=True)
        found = json.loads(eval_.stdout)
        assert found["confusion"] == confusion.tolist(), f"{name}: {found}"
        exported = folder / f"{name}.onnx"
        subprocess.run([snode, "export", output, "--to", exported, "--force"], check=True, stderr=subprocess.DEVNULL)
        x = images.reshape(count, n) / -255
        logits = documented(ONNX, onnx_path=exported, x=x)["logits"]
        error = distance(logits, final_state(W, b)[:, :3])
        assert error < 1e-12, f"{name}: {error}"
        print(f"ok    snode import {name}: {confusion.trace()} of {count} right, as NumPy says; "
              f"exported again, onnxruntime is within {error:.1e}")


def check_regression(snode, folder):
    """Of a regression onnxruntime computes values in the units of the targets: the error that snode finds."""
    random = np.random.default_rng(2)
    x = random.random((300, 2))
    y = 3 + 2 * x[:, 0] * x[:, 1]
    np.savez(folder / "surface.npz", x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=y[200:])
    (folder / "surface.toml").write_text('''precision = "f32"
data.source = "surface.npz"
network.width = 4
network.layers = 10
cost.loss = "squared"
training.epochs = 20
output.directory = "."
''')
    subprocess.run([snode, "run", "surface.toml", "--quiet", "--fresh"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    run, exported, images = (folder / f"surface.{ending}" for ending in ("h5", "onnx", "images.npz"))
    for what in (["export", run, "--to", exported], ["data", "export", folder / "surface.npz", "--to", images]):
        subprocess.run([snode, *what, "--force"], check=True, stderr=subprocess.DEVNULL)
    eval_ = subprocess.run([snode, "eval", run, "--json"], check=True, capture_output=True)
    error = json.loads(eval_.stdout)["mean_squared_error"]
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    with np.load(images) as f:
        pixels = f["x_test"].reshape(len(f["x_test"]), -1) / f["max_value"]
    background, foreground = float(about["background"]), float(about["foreground"])
    inputs = background + (foreground - background) * pixels
    values = session.run(["values"], {"x": inputs.astype(np.float32)})[0]
    assert values.shape == (100, 1)
    found = np.mean((values[:, 0] - y[200:]) ** 2)
    assert abs(found - error) < 1e-4 * error, (found, error)
    print(f"ok    values of a regression: a mean squared error of {found:.2e} in onnxruntime, as in snode")


def main(snode, folder):
    # Commands run in the folder too.
    snode, folder = pathlib.Path(snode).resolve(), pathlib.Path(folder)
    check_regression(snode, folder)
    check_samples(folder)
    check_convolutions(folder)
    check_import(snode, folder)


main(*sys.argv[1:])
