"""Stress tests of the program: see scripts/stress.sh, which runs this.

Every number is random, from one seed that is printed; STRESS_SEED gives it again.
"""

import glob
import gzip
import hashlib
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

import h5py
import numpy as np

SNODE = os.path.abspath(os.environ["SNODE"])
KILLS = int(sys.argv[1])
SEED = int(os.environ.get("STRESS_SEED", time.time()))
RANDOM = random.Random(SEED)
MEMORY = 100 * 2**20  # what a reader may take of a hostile file beside what the program itself takes
SECONDS = 2.0  # how soon a hostile file is refused

rows = []
faults = []


def row(what, tried, survived, equal):
    rows.append((what, tried, survived, equal))
    print(f"{what:44} tried {tried:4}   survived {survived:4}   bits equal {equal}", flush=True)


def fault(text):
    faults.append(text)
    print("FAULT " + text, flush=True)


def start(arguments, folder, **options):
    return subprocess.Popen(
        [SNODE, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, **options)


def run(arguments, folder, **options):
    process = start(arguments, folder, **options)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def must(arguments, folder):
    code, out, err = run(arguments, folder)
    if code != 0:
        raise SystemExit(f"{arguments} in {folder}: exit {code}\n{out}{err}")
    return out


# --- what is trained ---------------------------------------------------------------------------

def write_images(folder):
    """Three classes of 6×6 images, each with a bright line of its own and noise."""
    os.makedirs(folder)
    numbers = np.random.default_rng(1)
    for part, count in (("train", 300), ("t10k", 60)):
        labels = np.arange(count) % 3
        pixels = numbers.integers(0, 128, (count, 6, 6))
        for image, label in zip(pixels, labels):
            image[label] += 127
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">IIII", 0x803, count, 6, 6) + pixels.astype(np.uint8).tobytes())
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">II", 0x801, count) + labels.astype(np.uint8).tobytes())


EXPERIMENT = """
seed = 3
threads = 1
[data]
source = "dots"
[network]
layers = 20
horizon = 2.0
[cost]
loss = "cross-entropy"
[training]
epochs = 40
batch_size = 60
iterations = 4
checkpoint_every = 0.05
evaluate_every = 20
"""
GRID = EXPERIMENT + """
[grid]
network.activation = ["tanh", "relu"]
training.conjugacy = ["fletcher-reeves", "polak-ribiere"]
[analysis.robustness]
levels = [0.0, 0.2]
draws = 1
"""


def folder_with_data(parent):
    folder = tempfile.mkdtemp(dir=parent)
    write_images(folder + "/dots")
    for name, text in (("run.toml", EXPERIMENT), ("grid.toml", GRID)):
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
    return folder


TIMES = ("seconds",)


def bits(path):
    """A digest of the network and the history of a run file, but for times."""
    digest = hashlib.sha256()
    with h5py.File(path) as file:
        for name in ("network/weights", "network/biases"):
            digest.update(file[name][()].tobytes())
        for table in ("training/history", "training/evaluations"):
            data = file[table][()]
            for column in data.dtype.names:
                if not column.startswith(TIMES):
                    digest.update(np.ascontiguousarray(data[column]).tobytes())
    return digest.hexdigest()


def leftovers(folder):
    """Files that nobody would expect after a command has ended well."""
    names = glob.glob(folder + "/**/*", recursive=True) + glob.glob(folder + "/**/.*", recursive=True)
    return [n for n in names if ".tmp" in os.path.basename(n) or n.endswith(".lock")]


# --- kills -------------------------------------------------------------------------------------

def children(parent):
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat) as file:
                fields = file.read().rsplit(")", 1)[1].split()
            if int(fields[1]) == parent:
                found.append(int(stat.split("/")[2]))
        except OSError:
            pass
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def finish(arguments, folder):
    """Runs to the end; other processes may still be about to die."""
    for _ in range(20):
        code, out, err = run(arguments, folder)
        if code == 0:
            return True
        time.sleep(0.2)
    fault(f"{arguments} did not finish after kills: exit {code}: {err.strip()}")
    return False


def kills_of_runs(parent, count):
    folder = folder_with_data(parent)
    begun = time.time()
    must(["run", "run.toml", "--output", "reference"], folder)
    whole = time.time() - begun
    expected = bits(folder + "/reference/run.h5")
    done = survived = equal = trials = 0
    while done < count:
        trials += 1
        output = f"out{trials}"
        arguments = ["run", "run.toml", "--output", output]
        for _ in range(RANDOM.randint(1, 3)):
            process = start(arguments, folder)
            time.sleep(RANDOM.uniform(0.0, whole))
            killed = process.poll() is None
            kill(process.pid)
            process.communicate()
            done += killed
        if finish(arguments, folder):
            survived += 1
            equal += bits(f"{folder}/{output}/run.h5") == expected
    row(f"single runs, {done} kill -9", trials, survived, f"{equal} of {trials}")
    if equal != trials:
        fault("a killed run has other bits")


def kills_of_grids(parent, count):
    folder = folder_with_data(parent)
    begun = time.time()
    must(["run", "grid.toml", "--output", "reference", "--jobs", "2"], folder)
    whole = time.time() - begun
    cells = sorted(os.path.relpath(p, folder + "/reference")
                   for p in glob.glob(folder + "/reference/**/*.h5", recursive=True))
    expected = [bits(f"{folder}/reference/{cell}") for cell in cells]
    for who in ("parent", "child", "both"):
        done = survived = equal = trials = 0
        while done < count // 3:
            trials += 1
            output = f"{who}{trials}"
            arguments = ["run", "grid.toml", "--output", output, "--jobs", "2"]
            for _ in range(RANDOM.randint(1, 3)):
                process = start(arguments, folder)
                time.sleep(RANDOM.uniform(0.0, whole))
                below = children(process.pid)
                killed = process.poll() is None
                if who != "parent" and below:
                    kill(RANDOM.choice(below))
                if who != "child":
                    kill(process.pid)
                process.communicate()
                done += killed
            if finish(arguments, folder):
                survived += 1
                equal += [bits(f"{folder}/{output}/{cell}") for cell in cells] == expected
        row(f"grids, {done} kill -9 of {who}", trials, survived, f"{equal} of {trials}")
        if equal != trials:
            fault(f"a grid whose {who} was killed has other bits")


# --- commands at the same time -----------------------------------------------------------------

def commands_at_once(parent, rounds=8):
    folder = folder_with_data(parent)
    must(["run", "run.toml", "--output", "out"], folder)
    expected = bits(folder + "/out/run.h5")
    tried = kept = equal = 0
    for round_ in range(rounds):
        shutil.copy(folder + "/out/run.h5", folder + "/shared.h5")
        names = [f"n{i}" for i in range(6)]
        processes = [start(["attack", "shared.h5", "--method", "fgsm", "--name", name, "--images", "5",
                            "--threads", "1"], folder) for name in names]
        processes.append(start(["robustness", "shared.h5", "--levels", "0,0.2", "--draws", "1",
                                "--threads", "1"], folder))
        codes = [(p.communicate(), p.returncode)[1] for p in processes]
        with h5py.File(folder + "/shared.h5") as file:
            there = [name in file.get("analysis/attack", {}) for name in names]
            there.append(len(file.get("analysis/robustness", {})) > 0)
        tried += len(codes)
        kept += sum(code == 0 and found for code, found in zip(codes, there))
        equal += bits(folder + "/shared.h5") == expected
        if any(code == 0 and not found for code, found in zip(codes, there)):
            fault(f"a command said success and its results are not there: {codes} {there}")
    row(f"7 commands at once on one file, {rounds} times", tried, kept, f"{equal} of {rounds}")


# --- full disk ---------------------------------------------------------------------------------

def full_disk(parent):
    mount = parent + "/small"
    os.makedirs(mount)
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", mount], capture_output=True).returncode:
        print("full disk: not tried, a tmpfs cannot be mounted here")
        return
    folder = folder_with_data(parent)
    must(["run", "grid.toml", "--output", "reference"], folder)
    must(["run", "run.toml", "--output", "reference"], folder)
    expected = bits(folder + "/reference/run.h5")

    def resize(kilobytes):
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", mount], check=True)

    stages = {
        "run": lambda: ["run", "run.toml", "--output", mount],
        "attack": lambda: ["attack", mount + "/run.h5", "--method", "fgsm", "--images", "60"],
        "export": lambda: ["export", mount + "/run.h5", "--to", mount + "/net.npz"],
        "collect": lambda: ["collect", "reference", "--output", mount + "/all.h5"],
        "report": lambda: ["report", "reference", "--output", mount + "/report"],
    }
    tried = survived = equal = 0
    try:
        for stage, arguments in stages.items():
            for kilobytes in (8, 64, 128, 200, 300, 450, 700, 1000, 2000):
                resize(20000)
                for entry in os.listdir(mount):
                    path = f"{mount}/{entry}"
                    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
                if stage in ("attack", "export"):
                    shutil.copy(folder + "/reference/run.h5", mount)
                used = sum(os.stat(f"{mount}/{e}").st_blocks for e in os.listdir(mount)) // 2
                resize(max(used + kilobytes, 8))
                code, _, err = run(arguments(), folder)
                tried += 1
                left = leftovers(mount)
                resize(20000)
                again, _, err_again = run(arguments() + (["--force"] if stage != "run" else []), folder)
                whole = (code == 0 or (code > 0 and "error" in err)) and again == 0 and not left
                survived += whole
                if not whole:
                    fault(f"full disk ({kilobytes} kB), {stage}: exit {code}, then {again}; left {left}; "
                          f"{err.strip()[-300:]} / {err_again.strip()[-300:]}")
                path = mount + "/run.h5"
                equal += not os.path.exists(path) or bits(path) == expected
    finally:
        subprocess.run(["umount", "-l", mount])
    row("full disk: run, attack, export, collect, report", tried, survived, f"{equal} of {tried}")


# --- hostile files -----------------------------------------------------------------------------

def npy_header(shape, descr="<f8"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def mat_element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def hostile_files(folder, run_file):
    """(file, command) of what must be refused."""
    def path(name):
        return f"{folder}/{name}"

    files = []
    name = path("zeros.npz")  # 400 MB of zeros under the name of the weights
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        with file.open("weights.npy", "w", force_zip64=True) as member:
            member.write(npy_header((2, 5000, 5000)))
            for _ in range(50):
                member.write(bytes(8 * 10**6))
    files.append(name)
    name = path("scalar.npz")
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        with file.open("weights.npy", "w", force_zip64=True) as member:
            member.write(npy_header(()))
            for _ in range(60):
                member.write(bytes(10**7))
    files.append(name)
    for kind in ("npz", "safetensors", "mat", "onnx"):
        name = path("sparse." + kind)
        with open(name, "wb") as file:
            file.truncate(2 * 2**30)
        files.append(name)
    name = path("giant-header.safetensors")
    with open(name, "wb") as file:
        file.write(struct.pack("<Q", 2**40) + b"{}")
    files.append(name)
    name = path("bomb.mat")  # a level-5 variable that deflates to 1.5 GB of zeros
    with open(name, "wb") as file:
        file.write(b"MATLAB 5.0 MAT-file".ljust(116) + bytes(8) + struct.pack("<HH", 0x0100, 0x4D49))
        squeeze = zlib.compressobj(9)
        whole = mat_element(6, struct.pack("<II", 6, 0)) + mat_element(5, struct.pack("<ii", 13000, 13000))
        whole += mat_element(1, b"Wcell") + struct.pack("<II", 9, 1352000000)
        data = squeeze.compress(struct.pack("<II", 14, len(whole) + 1352000000) + whole)
        for _ in range(1352):
            data += squeeze.compress(bytes(10**6))
        data += squeeze.flush()
        file.write(struct.pack("<II", 15, len(data)) + data)
    files.append(name)
    commands = [(f, ["import", f, "--output", path("out.h5"), "--horizon", "3", "--activation", "tanh",
                     "--classes", "3", "--background", "0", "--foreground", "1"]) for f in files]

    data = path("images")
    os.makedirs(data)
    for part in ("train", "t10k"):
        with gzip.open(f"{data}/{part}-images-idx3-ubyte.gz", "wb", compresslevel=9) as file:
            file.write(struct.pack(">IIII", 0x803, 2**14, 256, 256))
            for _ in range(256):
                file.write(bytes(2**20))
        with gzip.open(f"{data}/{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">II", 0x801, 2**14) + bytes(2**13))
    commands.append((data, ["data", "inspect", data]))

    def inspected(name):
        commands.append((name, ["data", "inspect", path(name)]))

    # A user's own arrays and tables: 400 MB of zeros without a label, and what never ends.
    with zipfile.ZipFile(path("inputs.npz"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        with file.open("x_train.npy", "w", force_zip64=True) as member:
            member.write(npy_header((5000, 10000)))
            for _ in range(50):
                member.write(bytes(8 * 10**6))
        with file.open("y_train.npy", "w") as member:
            member.write(npy_header((4999,), "|u1") + bytes(4999))
    inspected("inputs.npz")
    for name, begin in (("line.csv", b"x,label\n"), ("names.csv", b"x,"), ("noise.npz", b"PK\x03\x04")):
        with open(path(name), "wb") as file:
            file.write(begin)
            file.truncate(2 * 2**30)
        inspected(name)
    for folder_name, member, begin in (("arrays", "x_train.npy", npy_header((2**16, 2**12))),
                                       ("cifar", "data_batch_1.bin", b"")):
        os.makedirs(path(folder_name))
        with open(path(f"{folder_name}/{member}"), "wb") as file:
            file.write(begin)
            file.truncate(len(begin) + 8 * 2**28)
        inspected(folder_name)

    whole = open(run_file, "rb").read()
    for number in range(40):
        broken = bytearray(whole)
        if number % 2:
            del broken[RANDOM.randrange(len(broken)):]
        else:
            for _ in range(RANDOM.randint(1, 8)):
                broken[RANDOM.randrange(len(broken))] ^= 1 << RANDOM.randrange(8)
        if bytes(broken) == whole:
            continue
        name = path(f"broken{number}.h5")
        with open(name, "wb") as file:
            file.write(broken)
        commands.append((name, ["show", name]))
    for number in range(20):
        name = path(f"noise{number}.toml")
        with open(name, "wb") as file:
            file.write(RANDOM.randbytes(RANDOM.randint(1, 4000)))
        commands.append((name, ["validate", name]))
    commands.append(("/dev/zero", ["validate", "/dev/zero"]))
    name = path("fifo.toml")
    os.mkfifo(name)
    commands.append((name, ["validate", name]))
    return commands


def measured(arguments, folder):
    """Exit code, seconds and largest resident set of a command."""
    begun = time.time()
    process = subprocess.Popen([SNODE, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2))
    timer = time.time() + 20
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.time() > timer:
            process.kill()
        time.sleep(0.005)
    err = process.stderr.read()
    return os.waitstatus_to_exitcode(status), time.time() - begun, usage.ru_maxrss * 1024, err


def hostile(parent):
    folder = folder_with_data(parent)
    must(["run", "run.toml", "--output", "out"], folder)
    _, _, base, _ = measured(["--version"], folder)
    tried = refused = 0
    most, longest = 0, 0.0
    for name, arguments in hostile_files(folder, folder + "/out/run.h5"):
        code, seconds, memory, err = measured(arguments, folder)
        tried += 1
        memory = max(0, memory - base)
        most, longest = max(most, memory), max(longest, seconds)
        well = code in (1, 2) and "error" in err and memory <= MEMORY and seconds <= SECONDS
        refused += well
        if not well:
            fault(f"{os.path.basename(name)}: exit {code}, {seconds:.1f} s, {memory >> 20} MB: {err.strip()[-200:]}")
    row("hostile files", tried, refused, "–")
    print(f"    the largest memory of a refusal {most >> 20} MB, the longest {longest:.2f} s")


def main():
    print(f"seed {SEED}")
    with tempfile.TemporaryDirectory() as parent:
        kills_of_runs(parent, KILLS // 2)
        kills_of_grids(parent, KILLS - KILLS // 2)
        commands_at_once(parent)
        full_disk(parent)
        hostile(parent)
    print("\n| what | tried | survived | bits equal |\n| --- | --- | --- | --- |")
    for line in rows:
        print("| " + " | ".join(str(value) for value in line) + " |")
    sys.exit(f"{len(faults)} faults" if faults else 0)


main()
