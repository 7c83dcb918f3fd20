"""A peer of snode's: does what it is told by lines on standard input, and answers each by a line of JSON.

    python3 worker.py MODULE FILE.npz THREADS

MODULE is one of those beside this file; its `prepare(data, section, case, precision, peer)` makes the work, which has
`check()`, `run()` and, if it has to begin anew, `reset()`. The lines are those of benches/src/bin/peers/main.rs.
"""

import importlib
import json
import os
import sys
import time

CYCLE = 6  # pieces of work between two resets


def confine(threads):
    """Before any library is loaded: this process, with all its threads, on so many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if threads == 1:
        os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"


class Data:
    """The weights and images that all start from."""

    def __init__(self, path):
        import numpy

        self.arrays = numpy.load(path)

    def array(self, name, precision):
        return self.arrays[name].astype({"f32": "float32", "f64": "float64"}[precision])

    def labels(self, name):
        return self.arrays[name].astype("int64")

    def dense(self, name, precision):
        """W, nodes x out x in, and b, nodes x out."""
        nodes = self.array(name, precision)
        n = int(nodes.shape[1] ** 0.5)
        weights = nodes[:, : n * n].reshape(-1, n, n).transpose(0, 2, 1)
        return weights.copy(), nodes[:, n * n :].copy()

    def convolution(self, channels, precision):
        """Kernels, layers x out x in x 3 x 3, biases, layers x out, and images, images x channels x 14 x 14."""
        c, nodes = channels, self.array(f"convolution_{channels}", precision)
        kernels = nodes[:, :-c].reshape(-1, 3, 3, c, c).transpose(0, 4, 3, 1, 2)
        images = self.array(f"convolution_images_{channels}", precision)
        images = images.reshape(-1, 14, 14, c).transpose(0, 3, 1, 2)
        return kernels.copy(), nodes[:, -c:].copy(), images.copy()


def run(work, seconds):
    begin, times = time.perf_counter(), []
    while not times or time.perf_counter() - begin < seconds:
        if len(times) % CYCLE == 0 and hasattr(work, "reset"):
            work.reset()
        start = time.perf_counter()
        work.run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def main():
    module, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    confine(threads)
    # What a library prints is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    data, prepare, work = Data(path), importlib.import_module(module).prepare, None
    for line in sys.stdin:
        match line.rstrip("\n").split("\t"):
            case "prepare", section, name, peer:
                work = None
                name, precision = name.rsplit("-", 1)
                work = prepare(data, section, name, precision, peer)
                answer = work.check()
            case "run", seconds:
                answer = run(work, float(seconds))
            case _:
                raise SystemExit(f"not understood: {line!r}")
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
