"""The network of crates/snode-attack/tests/data in NumPy, and plain versions of attacks on it, one image
after the other, as their authors describe them. For compare-attacks.py; in double precision."""

import gzip
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "crates/snode-attack/tests/data"
IMAGES, WIDTH, LAYERS, CLASSES, HORIZON = 100, 49, 10, 10, 3.0
LOWER, UPPER = -1.0, 0.0


def clip(x):
    return np.clip(x, LOWER, UPPER)


class Network:
    """z(x) of images x, one a row, by Euler's scheme (S2): x <- x + h relu(W x + b)."""

    def __init__(self):
        numbers = np.fromfile(DATA / "network.bin", "<f4").astype(float)
        weights, biases = np.split(numbers, [LAYERS * WIDTH * WIDTH])
        self.weights = weights.reshape(LAYERS, WIDTH, WIDTH)  # [layer, out, in]
        self.biases = biases.reshape(LAYERS, WIDTH)
        self.h = HORIZON / LAYERS

    def scores(self, x):
        for w, b in zip(self.weights, self.biases):
            x = x + self.h * np.maximum(x @ w.T + b, 0)
        return x[:, :CLASSES]

    def adjoint(self, x, terminals):
        """z(x), and the gradients of <terminals, z> (S5): `terminals` is images x any x classes."""
        slopes = []
        for w, b in zip(self.weights, self.biases):
            before = x @ w.T + b
            slopes.append((before > 0).astype(float))
            x = x + self.h * np.maximum(before, 0)
        g = np.zeros((*terminals.shape[:2], WIDTH))
        g[:, :, :CLASSES] = terminals
        for w, slope in zip(self.weights[::-1], slopes[::-1]):
            g = g + self.h * (g * slope[:, None, :]) @ w
        return x[:, :CLASSES], g

    def jacobians(self, x):
        """z(x) and P (S10), images x classes x inputs."""
        return self.adjoint(x, np.broadcast_to(np.eye(CLASSES), (len(x), CLASSES, CLASSES)))

    def at(self, x):
        """z(x) and P of one image."""
        z, p = self.jacobians(x[None])
        return z[0], p[0]


def load_images():
    images = np.fromfile(DATA / "images.bin", "<f4").reshape(IMAGES, WIDTH).astype(float)
    return images, np.fromfile(DATA / "labels.bin", np.uint8).astype(int)


class Smallest:
    """What is kept of the points of an attack: when the first fooled, and the smallest that did."""

    def __init__(self, clean, label):
        self.clean, self.label = clean, label
        self.first, self.norm = None, np.nan

    def see(self, step, x, z):
        if np.argmax(z) != self.label:
            self.first = step if self.first is None else self.first
            self.norm = np.fmin(self.norm, np.linalg.norm(x - self.clean))
            return True
        return False


def chase(network, clean, label, kept, target=None, s=0.03, iterations=30, kappa=0.975):
    """Algorithm 2 of arXiv 2205.13933, (S11) and (S12), with a moving or with a fixed target."""
    x = clean.copy()
    for step in range(iterations + 1):
        z, p = network.at(x)
        kept.see(step, x, z)
        candidates = [j for j in range(CLASSES) if j != label] if target is None else [target]
        v = {j: kappa * p[j] - p[label] for j in candidates}
        distance = {j: (z[label] - kappa * z[j]) / np.linalg.norm(v[j]) for j in candidates}
        j = min(candidates, key=distance.get)
        x = clip(x + s * v[j] / np.linalg.norm(v[j]))


def moving_target(network, clean, label):
    kept = Smallest(clean, label)
    chase(network, clean, label, kept)
    return kept.first, kept.norm


def targeted(network, clean, label):
    """All nine targets, each from the clean image; the smallest norm of all."""
    runs = [Smallest(clean, label) for _ in range(CLASSES)]
    for target, kept in enumerate(runs):
        if target != label:
            chase(network, clean, label, kept, target)
    return np.fmin.reduce([kept.norm for kept in runs])


def deepfool(network, clean, label, stability, overshoot=0.02, iterations=50):
    """deepfool.py of the authors (github.com/LTS4/DeepFool), with the box. `stability` is what they add to the
    distance in every step, 1e-4."""
    x, total = clean.copy(), np.zeros(WIDTH)
    for step in range(iterations + 1):
        z, p = network.at(x)
        if np.argmax(z) != label:
            return step, np.linalg.norm(x - clean)
        w, f = p - p[label], z - z[label]
        distance = [np.inf if k == label else abs(f[k]) / np.linalg.norm(w[k]) for k in range(CLASSES)]
        k = int(np.argmin(distance))
        total += (distance[k] + stability) * w[k] / np.linalg.norm(w[k])
        x = clip(clean + (1 + overshoot) * total)
    return None, np.nan


def carlini_wagner(network, clean, label, searches=9, iterations=100, rate=0.01, constant=1e-3, confidence=0.0):
    """l2_attack.py of the authors (github.com/carlini/nn_robust_attacks), untargeted, ABORT_EARLY off, boxmin -1,
    boxmax 0: TensorFlow's Adam on tanh variables, each step judged before it is made. Returns the smallest norm."""
    middle, half = (LOWER + UPPER) / 2, (UPPER - LOWER) / 2
    start = np.arctanh((clean - middle) / half * 0.999999)
    origin = np.tanh(start) * half + middle
    lower, upper, best = 0.0, 1e10, np.inf
    for _ in range(searches):
        modifier, m, v, success = np.zeros(WIDTH), np.zeros(WIDTH), np.zeros(WIDTH), False
        for t in range(1, iterations + 2):
            tanh = np.tanh(start + modifier)
            x = tanh * half + middle
            others, p = network.at(x)
            real = others[label]
            others = np.where(np.arange(CLASSES) == label, -np.inf, others)
            other = int(np.argmax(others))
            if others[other] > real + confidence:
                success, best = True, min(best, np.linalg.norm(x - origin))
            active = real - others[other] + confidence > 0
            slope = 2 * (x - origin) + constant * active * (p[label] - p[other])
            g = slope * half * (1 - tanh**2)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            modifier -= rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-8)
        if success:
            upper = min(upper, constant)
        else:
            lower = max(lower, constant)
        constant = (lower + upper) / 2 if upper < 1e9 else 10 * constant
    return best if np.isfinite(best) else np.nan


def make_fixture(path):
    """Writes network.bin from a run of network.toml, and the first test images with their labels."""
    import h5py

    with h5py.File(path) as f:
        kind = {name: f["network"].attrs[name] for name in ("activation", "horizon", "steps", "width", "scheme")}
        assert list(kind.values()) == ["relu", HORIZON, LAYERS, WIDTH, "euler"], kind
        arrays = [f["network/weights"][:], f["network/biases"][:]]
    np.concatenate([a.astype("<f4").ravel() for a in arrays]).tofile(DATA / "network.bin")

    # The format is that of crates/snode-data/src/packed.rs; 7x7 pixels are sums of 2x2.
    packed = (ROOT / "crates/snode-data/data/mnist14.snodepk.gz").read_bytes()
    contents = np.frombuffer(gzip.decompress(packed), np.uint8)
    train, test, rows, cols, _, most = (int(n) for n in contents[8:32].view("<u4"))
    labels, rest = np.split(contents[32:], [train + test])
    pixels = (train + test) * rows * cols
    mask, rest = np.split(rest, [-(-pixels // 7)])
    dark = np.unpackbits(mask[:, None], axis=1, bitorder="little")[:, :7].ravel()[:pixels] > 0
    high, low = np.split(rest, [dark.sum()])
    low = (low[:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).ravel()[: len(high)]
    values = np.zeros(pixels, int)
    values[dark] = 4 * high.astype(int) - low
    images = values.reshape(-1, rows // 2, 2, cols // 2, 2).sum(axis=(2, 4))[train : train + IMAGES]
    (-images / (4 * most)).astype("<f4").tofile(DATA / "images.bin")
    labels[train : train + IMAGES].tofile(DATA / "labels.bin")
