# TorchPort: the front door. Each target sets up what it needs; nothing has to be typed first.
#
#   make demo      build, then convert, verify, evaluate and diff the checkpoints in fixtures/, with reports to look at
#   make test      build and run all tests (no network, no Python, no PyTorch)
#   make build     build the command: .build/release/torchport
#   make lint      formatting and style, warnings as errors
#   make format    format the sources in place
#   make fixtures  train, record and expect everything anew, into FIXTURES=fixtures-new (never over fixtures/)
#   make bench     time the command on the checkpoints in fixtures/ (RUNS=15)
#   make bench-check  count the instructions of fixed jobs under valgrind: a twentieth above the record fails
#   make fuzz      run libFuzzer on every parser, SECONDS_EACH=600 each (PARSERS="pickle zip" for some)
#   make sanitize  run all tests under the address sanitizer, and the C kernels under the undefined-behaviour one
#   make docs      build the documentation of the library products into out/docs
#   make clean     remove what was built
#
# Settings: SWIFT=swift  FIXTURES=fixtures-new  RUNS=15

SWIFT ?= swift
FIXTURES ?= fixtures-new
RUNS ?= 15

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint format fixtures bench bench-check fuzz sanitize docs clean

PACKAGES := libzip-dev libhdf5-dev libdeflate-dev libyaml-dev pkg-config
FORMULAS := libzip hdf5 libdeflate libyaml pkgconf
LIBRARIES := libzip hdf5 libdeflate yaml-0.1
TORCHPORT := .build/release/torchport
RUN := fixtures/run
OUT := out/demo

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

# Installs the C libraries where they are missing and this is Debian or one of its kind; elsewhere says what to install.
setup:
	@command -v $(SWIFT) >/dev/null || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install" >&2; exit 2; }
	@if command -v pkg-config >/dev/null && pkg-config --exists $(LIBRARIES); then exit 0; fi; \
	if command -v apt-get >/dev/null; then \
	  echo "Installing $(PACKAGES)"; \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -q >/dev/null; \
	  DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -q --no-install-recommends $(PACKAGES) >/dev/null; \
	else \
	  echo "Missing C libraries. With Homebrew: brew install $(FORMULAS)" >&2; exit 2; \
	fi

build: setup
	$(SWIFT) build -c release --product torchport

# Numbers are tested in release: that is what runs, and the kernels of a debug build are 20 times slower.
test: setup
	$(SWIFT) test -c release
	SWIFT=$(SWIFT) Tests/Consumer/check.sh lipreading

lint: setup
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

format: setup
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

demo: build
	@rm -rf $(OUT) && mkdir -p $(OUT)
	@run() { printf '\n$$ %s\n' "$$*"; "$$@"; }; \
	differ() { printf '\n$$ %s\n' "$$*"; "$$@" || [ $$? = 1 ]; }; \
	export PATH="$$PWD/.build/release:$$PATH"; \
	best=$(RUN)/best_lightweight_model.pth; \
	echo "TorchPort on the checkpoints of a real training run (fixtures/README.md)."; \
	run torchport inspect $$best; \
	run torchport convert $$best -o $(OUT)/model.h5; \
	run torchport convert $$best -o $(OUT)/model.safetensors; \
	for weights in $$best $(OUT)/model.h5 $(OUT)/model.safetensors; do \
	  run torchport verify $$weights --golden fixtures/goldens/best.npz; \
	done; \
	run torchport predict $(OUT)/model.safetensors fixtures/clips/uint8.npy; \
	run torchport evaluate $(OUT)/model.safetensors fixtures/validation.npz --html $(OUT)/accuracy.html; \
	run torchport verify $(OUT)/model.safetensors --golden fixtures/goldens/best.npz --ledger --html $(OUT)/parity.html; \
	for file in $(RUN)/checkpoint_epoch_*.pth; do differ torchport diff $$file $$best --top 8; done; \
	differ torchport diff $(RUN)/checkpoint_epoch_5.pth $$best --clips fixtures/validation.npz \
	  --fail-on nan,shape,classes,accuracy-drop\>0.05 --html $(OUT)/diff.html; \
	run torchport history $(RUN) --html $(OUT)/history.html; \
	run torchport audit fixtures/history/run --html $(OUT)/audit.html; \
	{ torchport inspect $$best; torchport verify $(OUT)/model.safetensors --golden fixtures/goldens/best.npz --verbose; \
	  torchport diff $$best $(OUT)/model.safetensors; } > $(OUT)/report.txt; \
	printf '\nThe weight files lie in %s; to look at: report.txt, parity.html, accuracy.html, diff.html, history.html, audit.html.\n' $(OUT)

fixtures:
	fixtures/make.sh $(FIXTURES)

bench: build
	@best=$(RUN)/best_lightweight_model.pth; mkdir -p out/bench; \
	$(TORCHPORT) bench $$best --golden fixtures/goldens/best.npz --runs $(RUNS); \
	printf '\nWhole commands:\n'; \
	measure() { echo "$$*"; for i in 1 2 3 4 5; do \
	  TIMEFORMAT='  %R s wall, %U s user, %S s system'; time "$$@" >/dev/null; done; }; \
	measure $(TORCHPORT) inspect $$best; \
	measure $(TORCHPORT) convert $$best --force -o out/bench/model.h5; \
	measure $(TORCHPORT) convert $$best --force -o out/bench/model.safetensors; \
	measure $(TORCHPORT) diff $$best out/bench/model.h5; \
	measure $(TORCHPORT) predict out/bench/model.safetensors fixtures/clips/uint8.npy

bench-check: build
	Tests/Instructions/check.sh

fuzz: setup
	Tests/Fuzzing/run.sh $(PARSERS)

# Leaks are not looked for: Swift's runtime keeps what it allocates once. Swift has no undefined-behaviour sanitizer on
# Linux, so the C targets alone are built with clang's, which ends the tests at the first finding.
UBSAN_RUNTIME = $(shell find $$(dirname $$(readlink -f $$(command -v clang)))/.. -name 'libclang_rt.ubsan_standalone-$(shell uname -m).a' 2>/dev/null | head -1)

sanitize: setup
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test -c release --sanitize=address --scratch-path .build/address
	@[ -n "$(UBSAN_RUNTIME)" ] || { echo "clang's runtime for the undefined-behaviour sanitizer was not found" >&2; exit 2; }
	$(SWIFT) test -c release --scratch-path .build/undefined --filter 'TPModelsTests|TPSafeTensorsTests|TPParityTests|TPComparisonTests' \
	  -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined -Xlinker $(UBSAN_RUNTIME) -Xlinker -lstdc++

# The symbol graphs of the libraries, rendered by the toolchain's own DocC.
docs: setup
	@rm -rf out/docs out/symbols && mkdir -p out/docs out/symbols
	$(SWIFT) build -c release --product torchport -Xswiftc -emit-symbol-graph -Xswiftc -emit-symbol-graph-dir -Xswiftc $(CURDIR)/out/symbols
	@rm -f out/symbols/*@*.json
	docc convert --additional-symbol-graph-dir out/symbols --fallback-display-name TorchPort \
	  --fallback-bundle-identifier org.torchport --output-dir out/docs

clean:
	rm -rf .build out
