# TorchPort: the front door. Each target sets up what it needs; nothing has to be typed first.
#
#   make demo      build, then convert, verify, evaluate and diff the checkpoints in fixtures/, with reports to look at
#   make test      build and run all tests (no Python, no PyTorch)
#   make build     build the command: .build/release/torchport
#   make lint      formatting and style, warnings as errors
#   make format    format the sources in place
#   make fixtures  train anew, and record goldens and expected values, into FIXTURES=fixtures-new (never over fixtures/)
#   make bench     time the command on the checkpoints in fixtures/ (RUNS=15)
#   make bench-check  count the instructions of fixed jobs under valgrind: a twentieth above the record fails
#   make fuzz      run libFuzzer on the parsers, SECONDS_EACH=600 each (PARSERS="pickle zip" for some)
#   make sanitize  run all tests under the address sanitizer, and the C kernels under the undefined-behaviour one
#   make docs      build the pages of both libraries into out/docs; a warning fails
#   make install   put command, manual pages and shell completions under PREFIX=/usr/local (DESTDIR=)
#   make uninstall remove them from there
#   make dist      pack what install puts there as out/dist/torchport-VERSION-linux-x86_64.tar.gz, with SHA256SUMS
#   make dist-check   run that tarball on a bare Debian 12 (needs root, debootstrap and a Debian mirror)
#   make snapshots write the expected texts of help and reports anew, into fixtures/snapshots
#   make clean     remove what was built
#
# Settings: SWIFT=swift  FIXTURES=fixtures-new  RUNS=15  PREFIX=/usr/local  DESTDIR=

SWIFT ?= swift
FIXTURES ?= fixtures-new
RUNS ?= 15
PREFIX ?= /usr/local
DESTDIR ?=
STRIP ?= strip

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint format fixtures bench bench-check fuzz sanitize docs clean
.PHONY: install uninstall dist dist-check snapshots

PACKAGES := libzip-dev libhdf5-dev libdeflate-dev libyaml-dev libssl-dev pkg-config
FORMULAS := libzip hdf5 libdeflate libyaml pkgconf
LIBRARIES := libzip hdf5 libdeflate yaml-0.1 $(if $(filter Darwin,$(shell uname)),,libcrypto)
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

# Numbers are tested in release: that is what runs, and the kernels of a debug build are 20 times slower. No test imports
# what is internal, and so what `make build` has built is what is tested.
TEST = $(SWIFT) test -c release --disable-testable-imports

test: setup
	$(TEST)
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
	TORCHPORT_SANITIZE=1 ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test -c release --sanitize=address --scratch-path .build/address
	@[ -n "$(UBSAN_RUNTIME)" ] || { echo "clang's runtime for the undefined-behaviour sanitizer was not found" >&2; exit 2; }
	$(SWIFT) test -c release --scratch-path .build/undefined --filter 'TPModelsTests|TPSafeTensorsTests|TPParityTests|TPComparisonTests' \
	  -Xcc -fsanitize=undefined -Xcc -fno-sanitize-recover=undefined -Xlinker $(UBSAN_RUNTIME) -Xlinker -lstdc++

# For each product the symbols of its modules, taken from what was built, and a catalogue with its first page; rendered by
# the toolchain's own DocC, whose warnings are errors.
LipReading_MODULES := LipReading TPModels TPSafeTensors TPTensors TPBytes
LipReading_CATALOGUE := Sources/LipReading/LipReading.docc
TorchPort_MODULES := TPCheckpoints TPConversion TPComparison TPEvaluation TPParity TPModels TPTensors TPPickle TPBytes
TorchPort_CATALOGUE := docs/TorchPort.docc

docs: build
	@rm -rf out/docs out/symbols && mkdir -p out/docs; \
	triple=$$($(SWIFT) -print-target-info | sed -n 's/^ *"triple": "\(.*\)",/\1/p' | head -1); \
	flags="-I .build/release/Modules"; \
	for map in .build/release/*.build/module.modulemap Sources/CTPLib*/module.modulemap; do \
	  flags="$$flags -Xcc -fmodule-map-file=$$map"; \
	done; \
	for flag in $$(pkg-config --cflags-only-I $(LIBRARIES)); do flags="$$flags -Xcc $$flag"; done; \
	document() { \
	  local product=$$1 catalogue=$$2; shift 2; mkdir -p out/symbols/$$product; \
	  for module in "$$@"; do \
	    $(SWIFT) symbolgraph-extract -module-name $$module -target $$triple $$flags -minimum-access-level public \
	      -skip-synthesized-members -output-dir out/symbols/$$product; \
	  done; \
	  rm -f out/symbols/$$product/*@*.json; \
	  docc convert $$catalogue --additional-symbol-graph-dir out/symbols/$$product --warnings-as-errors \
	    --fallback-display-name $$product --fallback-bundle-identifier org.torchport.$$product \
	    --output-dir out/docs/$$product; \
	}; \
	document LipReading $(LipReading_CATALOGUE) $(LipReading_MODULES); \
	document TorchPort $(TorchPort_CATALOGUE) $(TorchPort_MODULES)
	@echo "out/docs/LipReading and out/docs/TorchPort; to read one: docc preview, or any web server"

# As a user, `make build`; then `sudo make install` only copies. An existing build is taken as it is.
MANUAL = $(DESTDIR)$(PREFIX)/share/man/man1
BASH_COMPLETION = $(DESTDIR)$(PREFIX)/share/bash-completion/completions/torchport
ZSH_COMPLETION = $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_torchport
FISH_COMPLETION = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/torchport.fish
DOCUMENTS = $(DESTDIR)$(PREFIX)/share/doc/torchport

$(TORCHPORT):
	@$(MAKE) --no-print-directory build

install: $(TORCHPORT)
	@install -d -m 755 $(DESTDIR)$(PREFIX)/bin $(MANUAL) $(DOCUMENTS) $(dir $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION))
	@install -m 755 $(TORCHPORT) $(DESTDIR)$(PREFIX)/bin/torchport
	@! command -v $(STRIP) >/dev/null || $(STRIP) $(DESTDIR)$(PREFIX)/bin/torchport
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(TORCHPORT) __manual "$$work"; install -m 644 "$$work"/*.1 $(MANUAL); \
	for shell in bash zsh fish; do $(TORCHPORT) --generate-completion-script $$shell > "$$work/$$shell"; done; \
	install -m 644 "$$work/bash" $(BASH_COMPLETION); \
	install -m 644 "$$work/zsh" $(ZSH_COMPLETION); \
	install -m 644 "$$work/fish" $(FISH_COMPLETION)
	@install -m 644 LICENSE README.md CHANGELOG.md $(DOCUMENTS)
	@echo "Installed $(DESTDIR)$(PREFIX)/bin/torchport, its manual pages and completions."

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/torchport $(MANUAL)/torchport.1 $(MANUAL)/torchport-*.1
	rm -f $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)
	rm -rf $(DOCUMENTS)

dist: build
	Tests/Distribution/pack.sh out/dist

dist-check: dist
	Tests/Distribution/check.sh out/dist

# Runs the tests of help and reports so that they write what they would compare; look at the difference before you commit it.
snapshots: setup
	@TORCHPORT_RECORD_SNAPSHOTS=1 $(TEST) --filter SnapshotTests || true
	@git status --short fixtures/snapshots

clean:
	rm -rf .build out
