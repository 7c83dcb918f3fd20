"""Does the same work in snode and its peers, in turn, and prints a table. Run by scripts/peers.sh:

    python3 compare.py PROGRAM FOLDER [SECTION ...]

Every peer is a process of its own that stays alive and works when it is its turn, so that a change of the machine's
speed meets all. Before anything is timed, what the peers compute is compared, each with the first that has it.
"""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent


@dataclass
class Section:
    title: str
    threads: int
    cases: list
    peers: dict  # from name to the module that does it; None for snode
    # How far apart what is computed may be, relatively.
    near: dict = field(default_factory=lambda: {"f32": 1e-4, "f64": 1e-12})
    rounds: int = 5
    seconds: float = 0.6


BOTH = ("f32", "f64")
SECTIONS = {
    "ncg": Section(
        "An iteration of conjugate gradients: n = 196, L = 150, M = 100, L² loss",
        2,
        # With Sobolev gradients and with weight decay snode alone.
        [f"{case}-{precision}" for case in ("tanh", "relu", "tanh+sobolev", "tanh+decay") for precision in BOTH],
        {
            "snode": None,
            "PyTorch by hand": "torch_dense",
            "PyTorch by autograd": "torch_dense",
            "JAX": "jax_dense",
        },
    ),
    "rmsprop": Section(
        "A step of RMSprop: n = 196, L = 150, M = 100, tanh, cross-entropy",
        2,
        [f"tanh-{precision}" for precision in BOTH],
        {
            "snode": None,
            "PyTorch by hand": "torch_dense",
            "PyTorch by autograd": "torch_dense",
            "JAX": "jax_dense",
        },
    ),
    "solve": Section(
        "An adaptive direct solve: tolerance 1e-3, W(t) piecewise linear on 151 nodes, tanh, M = 100",
        1,
        [f"{method}-{precision}" for method in ("tsit5", "dopri5") for precision in BOTH],
        {
            "snode": None,
            "snode, keeping x(t)": None,
            "diffrax": "diffrax_solve",
            "torchdiffeq": "torchdiffeq_solve",
        },
        # At the tolerances 1e-5 and 1e-9, that errors of many steps add up to.
        near={"f32": 1e-3, "f64": 1e-6},
    ),
    "attack": Section(
        "Attacks on 100 images, 30 steps at most: n = 196, L = 150, tanh, trained",
        2,
        ["pgd-f32", "moving-target-f32", "deepfool-f32"],
        {"snode": None, "PyTorch by hand": "attacks", "ART": "attacks", "Foolbox": "attacks"},
        # They decide between classes, and each library clips and stops in its own way.
        near={"f32": 0.05},
        rounds=2,
        seconds=0.1,
    ),
    "convolution": Section(
        "An iteration of a convolutional network: 14×14 pixels, 3×3 kernels, 10 layers, M = 100; PyTorch: forward, "
        "backward and a forward-mode pass alone",
        2,
        [f"{channels}-{precision}" for channels in (8, 16, 32) for precision in BOTH],
        {"snode": None, "PyTorch by autograd": "torch_convolution"},
    ),
}
# What peers do not have: PyTorch and JAX the ways of training that are snode's, ART and Foolbox the moving target,
# torchdiffeq Tsitouras' method.
LACKING = (
    ("+", ("PyTorch by hand", "PyTorch by autograd", "JAX")),
    ("moving-target", ("ART", "Foolbox")),
    ("tsit5", ("torchdiffeq",)),
)


def has(peer, case):
    return not any(part in case and peer in lacking for part, lacking in LACKING)


# The right-hand sides and the error of a solve are each solver's own.
OWN = ("right-hand sides", "error")


class Worker:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        print(*words, sep="\t", file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} ended on {words}")
        return json.loads(answer)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def load():
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
        family = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("cpu family", "model\t"))][:2]
        return f"{name} (family {family[0]}, model {family[1]}), {os.cpu_count()} cores"
    except (OSError, StopIteration, IndexError):
        return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def compare(near, values):
    """Lines that say how far what the peers computed is apart, and whether that is at most `near`."""
    lines, same = [], True
    for name in dict.fromkeys(name for found in values.values() for name in found):
        having = {peer: found[name] for peer, found in values.items() if name in found}
        if name in OWN:
            text = ", ".join(f"{peer} {value:.6g}" for peer, value in having.items())
            lines.append(f"    {name}: {text}")
            continue
        (first, reference), *others = having.items()
        apart = {peer: abs(value / reference - 1) for peer, value in others}
        same &= all(distance <= near for distance in apart.values())
        text = "".join(f", {peer} {distance:.1e} off" for peer, distance in apart.items())
        lines.append(f"    {name}: {first} {reference:.10g}{text}")
    return lines, same


def measure(section, case, key, workers):
    """Medians in milliseconds of every peer and of the products, and what they computed."""
    peers = [peer for peer in section.peers if has(peer, case)]
    values, times, products = {}, {peer: [] for peer in peers}, {}
    for peer in peers:
        values[peer] = workers[peer].ask("prepare", key, case, peer)
        workers[peer].ask("run", section.seconds)  # warm
    ours = [peer for peer in peers if section.peers[peer] is None]
    for _ in range(section.rounds):
        for peer in peers:
            times[peer] += workers[peer].ask("run", section.seconds)
        for peer in ours:
            products.setdefault(peer, []).append(workers[peer].ask("products"))
    return values, {peer: statistics.median(of) for peer, of in times.items()}, products


def row(peer, ms, times, products, calls):
    first = times["snode"]
    share = f"{100 * products / ms:.0f} %" if products else ""
    each = f"{1e3 * ms / calls:.1f}" if calls else ""
    return f"| {peer} | {ms:.2f} | {ms / first:.2f} | {share} | {calls or ''} | {each} |"


def run(key, section, program, data):
    print(f"\n{section.title}; {section.threads} thread{'s' * (section.threads > 1)}\n", flush=True)
    workers = {}
    for peer, module in section.peers.items():
        command = [program, "work"] if module is None else [sys.executable, str(HERE / "worker.py"), module]
        workers[peer] = Worker([*command, data, str(section.threads)])
    same = True
    for case in section.cases:
        values, times, products = measure(section, case, key, workers)
        near = section.near[case[-3:]]
        lines, agree = compare(near, values)
        same &= agree
        middle = [value for value in products["snode"] if value]
        bare = statistics.median(middle) if middle else None
        print(f"{case.replace('-f', ', f')}" + (f": streaming products {bare:.2f} ms" if bare else ""))
        print("\n| | ms | snode = 1 | products | right-hand sides | µs each |\n| --- | --- | --- | --- | --- | --- |")
        for peer, ms in times.items():
            own = statistics.median(products[peer]) if peer in products and bare else bare
            calls = values[peer].get("right-hand sides")
            print(row(peer, ms, times, own, calls and int(calls)))
        print("\n" + "\n".join(lines))
        print(f"    {'the same' if agree else 'NOT THE SAME'} up to {near:g}\n", flush=True)
    for worker in workers.values():
        worker.end()
    return same


def main():
    program, folder, *wanted = sys.argv[1:]
    unknown = set(wanted) - set(SECTIONS)
    if unknown:
        raise SystemExit(f"no section is called {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    data = str(pathlib.Path(folder) / "problem.npz")
    print(f"{processor()}; {platform.system()}; load {load()}", flush=True)
    subprocess.run([program, "write", data], check=True)
    same = [run(key, SECTIONS[key], program, data) for key in wanted or SECTIONS]
    print(f"load at the end {load()}")
    if not all(same):
        raise SystemExit("the peers did not compute the same")


if __name__ == "__main__":
    main()
