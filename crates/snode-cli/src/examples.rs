//! The examples that end the help of every command. A test reads each of them as the command line.

/// Of `snode run`.
pub const RUN: &str = "Examples:
  snode run experiments/quickstart.toml
  snode run experiments/quickstart.toml --set training.time_limit=30 --output results/short
  snode run experiments/reduced/table1.toml --cell 3
  snode run experiments/reduced/table1.toml --cell id:6c59c4dc
  snode run /dev/stdin < experiments/quickstart.toml";

/// Of `snode submit`.
pub const SUBMIT: &str = "Examples:
  snode submit experiments/reduced/table1.toml --time 60 --parallel 8
  snode submit experiments/reduced/table1.toml --only lost --dry-run
  snode submit experiments/reduced/table1.toml --cells-per-task 4 -- --partition=long --mem=2G";

/// Of `snode cancel`.
pub const CANCEL: &str = "Examples:
  snode cancel experiments/reduced/table1.toml
  snode cancel experiments/reduced/table1.toml --only queued";

/// Of `snode status`.
pub const STATUS: &str = "Examples:
  snode status experiments/reduced/table1.toml
  snode status experiments/reduced/table1.toml --json";

/// Of `snode collect`.
pub const COLLECT: &str = "Examples:
  snode collect experiments/reduced/table1.toml
  snode collect experiments/reduced/table1.toml --output table1.h5 --networks";

/// Of `snode ls`.
pub const LS: &str = "Examples:
  snode ls results --sort accuracy
  snode ls results/reduced --filter network.activation=relu --filter state=done
  snode ls results/reduced/table1.cells.h5 --csv > runs.csv";

/// Of `snode compare`.
pub const COMPARE: &str = "Examples:
  snode compare results/quickstart.h5 results/other.h5
  snode compare results/reduced --only seed=1 --only network.activation=relu";

/// Of `snode init`.
pub const INIT: &str = "Examples:
  snode init
  snode init my.toml";

/// Of `snode validate`.
pub const VALIDATE: &str = "Examples:
  snode validate experiments/quickstart.toml
  snode validate experiments/quickstart.toml --set precision=f64";

/// Of `snode show`.
pub const SHOW: &str = "Examples:
  snode show results/quickstart.h5
  snode show results/quickstart.h5 --config > again.toml
  snode show results/quickstart.h5 --json";

/// Of `snode seal`.
pub const SEAL: &str = "Examples:
  snode seal results/quickstart.h5
  snode seal results/quickstart.h5 --force";

/// Of `snode eval`.
pub const EVAL: &str = "Examples:
  snode eval results/quickstart.h5 --classes
  snode eval results/quickstart.h5 --data mnist14 --split train
  snode eval results/quickstart.h5 --scheme dopri5 --tolerance 1e-4
  snode eval results/reduced --only seed=1 --only case=NCG";

/// Of `snode noise`.
pub const NOISE: &str = "Examples:
  snode noise results/quickstart.h5
  snode noise results/quickstart.h5 --levels 0.01 --output figures";

/// Of `snode uncertainty`.
pub const UNCERTAINTY: &str = "Examples:
  snode uncertainty results/quickstart.h5
  snode uncertainty results/quickstart.h5 --levels 0,0.1,0.2 --draws 20 --output figures
  snode uncertainty results/quickstart.h5 --on parameters --levels 0.001,0.01 --images 1000";

/// Of `snode robustness`.
pub const ROBUSTNESS: &str = "Examples:
  snode robustness results/quickstart.h5
  snode robustness results/quickstart.h5 --levels 0,0.2,0.4 --draws 3 --output figures";

/// Of `snode attack`.
pub const ATTACK: &str = "Examples:
  snode attack results/quickstart.h5 --images 100
  snode attack results/quickstart.h5 --method deepfool --output figures --sheet deepfool.pdf
  snode attack results/quickstart.h5 --method pgd --norm inf --radius 0.3 --epsilons 0.1,0.3";

/// Of `snode report`.
pub const REPORT: &str = "Examples:
  snode report results/reduced --claims
  snode report results/quickstart.h5 --output report --formats pdf,tex
  snode report results/reduced --watch";

/// Of `snode solvers`.
pub const SOLVERS: &str = "Examples:
  snode solvers experiments/solvers.toml --schemes euler,dopri5,bs3
  snode solvers experiments/solvers.toml --set training.time_limit=60";

/// Of `snode workprecision`.
pub const WORKPRECISION: &str = "Examples:
  snode workprecision results/quickstart.h5
  snode workprecision results/quickstart.h5 --schemes euler,rk4,tsit5 --tolerances 1e-2,1e-4 --output figures";

/// Of `snode gradcheck`.
pub const GRADCHECK: &str = "Examples:
  snode gradcheck experiments/quickstart.toml
  snode gradcheck experiments/quickstart.toml --set precision=f64";

/// Of `snode export`.
pub const EXPORT: &str = "Examples:
  snode export results/quickstart.h5 --output quickstart.onnx
  snode export results/quickstart.h5 --output quickstart.npz --force
  snode export results/quickstart.h5 --output torch.safetensors --names 'layers.{}'";

/// Of `snode import`.
pub const IMPORT: &str = "Examples:
  snode import network.npz --output results/network.h5 --data mnist14
  snode import trained.mat --output trained.h5 --horizon 3 --activation tanh --classes 10 --background 0 --foreground -1
  snode import torch.safetensors --output torch.h5 --names 'layers.{}' --ignore 'head.*' --step 0.02 --activation relu --classes 10 --background 0 --foreground 1
  snode import rk4.npz --output rk4.h5 --scheme rk4 --interpolation linear --mean 0.1307 --std 0.3081";

/// Of `snode data`.
pub const DATA: &str = "Examples:
  snode data list
  snode data inspect mnist14 --image 7
  snode data import mnist --size 14x14 --output mnist-small
  snode data import digits --max-value 16 --output digits-full
  snode data inspect moons.csv
  snode data export mnist14 --output mnist14.npz";

/// Of `snode doctor`.
pub const DOCTOR: &str = "Examples:
  snode doctor
  snode doctor experiments/quickstart.toml
  snode doctor results";

/// Of `snode completions`.
pub const COMPLETIONS: &str = "Examples:
  snode completions bash > ~/.local/share/bash-completion/completions/snode
  snode completions zsh > ~/.zfunc/_snode
  snode completions fish > ~/.config/fish/completions/snode.fish";

/// Of `snode man`.
pub const MAN: &str = "Examples:
  snode man > snode.1
  snode man --output ~/.local/share/man/man1";
