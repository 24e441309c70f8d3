# `make demo` shows an outage being survived, `make check` proves everything. Both set themselves up
# (.ci/setup): a fresh machine needs make and python3, 3.11 or newer.

PY := .venv/bin/python
# nft, conntrack and sshd live where an ordinary user's PATH does not look.
export PATH := $(PATH):/usr/sbin:/sbin

.NOTPARALLEL:
.PHONY: help demo check setup lint test packets docs fix bench bench-detect mutants soak wheel deb deb-check

help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 22

demo:            ## an office survives the death of its line; more with ARGS=--help
	@sh .ci/setup demo
	@.venv/bin/wanfailover demo $(ARGS)

check: lint test packets  ## everything: format, lint, types, import contracts, tests, packet tests
	@echo "Everything that can run here has passed."

setup:
	@sh .ci/setup check

lint: setup      ## format, lint, types and import contracts
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo

# What runs in real time, on a machine that is not ours alone, is run once more where it fails, and who
# passed only then is named at the end. What decides runs in virtual time, and once.
# Traced, tests take up to four times as long. So only what decides and what acts is traced, by the
# tests that are about it; each test runs once. Of the core no branch is left out.
DECIDES := tests/core tests/scenarios tests/switchover
FAST := "not packets and not waits"
test: setup      ## the fast tests, with coverage of what decides and what acts
	$(PY) -m pytest -q -n auto -m $(FAST) --timeout 300 --reruns 1 -rR $(addprefix --ignore=,$(DECIDES))
	$(PY) -m pytest -q -n auto -m $(FAST) --cov --timeout 300 $(DECIDES)
	$(PY) -m coverage report --include 'wanfailover/core/*' --fail-under 100 --skip-covered

packets: setup   ## real packets through network namespaces, whole agents in real time
	@sh .ci/packets

docs: setup      ## writes the tables that are made from the program into the documents
	$(PY) -m tests.docs

fix: setup       ## put format and imports right
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: setup     ## the figures in the README
	$(PY) -m tests.bench

bench-detect: setup  ## delay against false alarms: our detector, the peers' rules, the bounds; ARGS=--help
	$(PY) -m tests.bench.detect $(ARGS)

mutants: setup   ## changes the core in each small way and sees whether a test notices; ARGS=--help
	nice -n 19 $(PY) -m tests.mutation $(ARGS)

# Where `check` takes a sample of what can be combined, WANFAILOVER_SOAK has the tests take all of it.
soak: export WANFAILOVER_SOAK := 1
soak: test packets  ## what `check` takes samples of, in full: before a release

wheel: setup     ## a wheel, in dist/
	$(PY) -m hatchling build --target wheel

deb: setup       ## a Debian package for this release and architecture, in dist/
	sh deploy/debian/build $(PY) dist

deb-check: deb   ## installs, upgrades and purges it in a Debian of its own; needs root and debootstrap
	$(PY) -m pytest -q --timeout 900 tests/packaging/debian.py
