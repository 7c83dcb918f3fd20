# `make demo` and `make test` are all a fresh machine needs. GNU make 3.81 (macOS) or newer.

CARGO      ?= cargo
EXPERIMENT ?= experiments/quickstart.toml
RESULTS    ?= results/$(basename $(notdir $(EXPERIMENT))).h5
TEST_ARGS  ?=
BENCH_ARGS ?=

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# Runs a command with the HDF5 library in place, installed if need be.
WITH_HDF5  := CARGO='$(CARGO)' sh scripts/ensure-hdf5.sh

.DEFAULT_GOAL := help
.PHONY: help demo test gpu lint docs bench peers accuracy layout redraw exchange tutorial attacks page package stress cluster doc clean

help: ## list the targets
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo 'Variables: CARGO, EXPERIMENT and RESULTS (demo), TEST_ARGS (test), BENCH_ARGS (bench)'

demo: ## build the program, train a network on MNIST, make a report (EXPERIMENT=FILE.toml for another run)
	@$(WITH_HDF5) $(CARGO) build --release -p snode-cli
	@$(WITH_HDF5) $(TARGET_DIR)/release/snode run $(EXPERIMENT)
	@$(WITH_HDF5) $(TARGET_DIR)/release/snode report $(RESULTS)
	@echo
	@echo 'The report is a page for the browser. To see the results here again:'
	@echo '    $(TARGET_DIR)/release/snode show $(RESULTS)'

test: ## run all tests
	@$(WITH_HDF5) $(CARGO) test --manifest-path tests/consumer/Cargo.toml --target-dir '$(TARGET_DIR)' $(TEST_ARGS)
	@$(WITH_HDF5) $(CARGO) test --workspace $(TEST_ARGS)

gpu: ## run the tests of a GPU on OpenCL, PoCL if there is no other, and NVRTC's check of the kernels
	@CARGO='$(CARGO)' sh scripts/check-gpu.sh

lint: ## formatting, clippy, documentation, features, crate layers, formulas, keys, all without a warning
	@$(CARGO) fmt --all --check
	@$(CARGO) fmt --manifest-path tests/consumer/Cargo.toml --check
	@$(CARGO) fmt --manifest-path tests/structure/Cargo.toml --check
	@$(WITH_HDF5) $(CARGO) clippy --quiet --workspace --all-targets -- -D warnings
	@$(WITH_HDF5) env CARGO='$(CARGO)' sh scripts/check-features.sh
	@RUSTDOCFLAGS='-D warnings' $(WITH_HDF5) $(CARGO) doc --quiet --workspace --no-deps
	@CARGO='$(CARGO)' sh scripts/check-layers.sh
	@$(CARGO) test --quiet --manifest-path tests/structure/Cargo.toml --target-dir '$(TARGET_DIR)/structure'
	@CARGO='$(CARGO)' sh scripts/check-msrv.sh
	@CARGO='$(CARGO)' sh scripts/check-crates.sh
	@sh scripts/check-math.sh
	@$(CARGO) run --quiet -p snode-experiment --example reference -- --check docs/experiments.md

bench: ## run the benchmarks (BENCH_ARGS='-- FILTER' for some of them)
	@$(WITH_HDF5) $(CARGO) bench --manifest-path benches/Cargo.toml $(BENCH_ARGS)

peers: ## the same work in snode, PyTorch, JAX, diffrax, torchdiffeq, ART, Foolbox (10 minutes; makes a Python environment)
	@$(WITH_HDF5) env CARGO='$(CARGO)' sh scripts/peers.sh

accuracy: ## train the paper's setting, hold accuracies against their bars (10 minutes)
	@$(WITH_HDF5) $(CARGO) build --release -p snode-cli
	@$(WITH_HDF5) sh scripts/check-accuracy.sh

layout: ## read a file of results with h5py as documented (makes a Python environment)
	@$(WITH_HDF5) sh scripts/check-hdf5-layout.sh

redraw: ## draw the figures of docs/figures.md from a small run (makes a Python environment)
	@$(WITH_HDF5) sh scripts/check-figures.sh

exchange: ## hold the formats of other programs against those programs (makes a Python environment)
	@$(WITH_HDF5) sh scripts/check-exchange.sh

tutorial: ## run every command of docs/tutorial.md (makes a Python environment)
	@$(WITH_HDF5) sh scripts/check-tutorial.sh

attacks: ## hold the references of the attacks against ART and Foolbox (makes a Python environment)
	@sh scripts/compare-attacks.sh

page: ## make a small report and look at it with a headless browser (skipped without chromium)
	@$(WITH_HDF5) sh scripts/check-report.sh

package: ## package every crate as for crates.io and build each from its package (15 minutes)
	@$(WITH_HDF5) env CARGO='$(CARGO)' sh scripts/check-packages.sh

stress: ## kill, fill the disk, read hostile files: a few minutes (makes a Python environment)
	@$(WITH_HDF5) $(CARGO) build --release -p snode-cli
	@sh scripts/stress.sh

cluster: ## hold what docs/cluster.md promises against a real Slurm on this machine (2 minutes; Linux, root)
	@$(WITH_HDF5) env CARGO='$(CARGO)' sh scripts/check-cluster.sh

docs: ## write what documents have from the code: the tables of keys, and docs/cli.md
	@$(CARGO) run --quiet -p snode-experiment --example reference -- docs/experiments.md
	@CARGO='$(CARGO)' sh scripts/write-cli.sh

doc: ## build the reference documentation
	@$(WITH_HDF5) $(CARGO) doc --workspace --no-deps
	@echo 'The documentation is in $(TARGET_DIR)/doc.'

clean: ## remove what was built (results stay)
	@$(CARGO) clean
