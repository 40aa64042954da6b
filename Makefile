# Two commands matter: `make demo` and `make test`. Both set up all they need.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LAB := lab
FUZZ_SECONDS ?= 1800

.PHONY: help demo test quick fuzz lint setup lab-tools sshd browser bench footprint sample clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: setup lab-tools ## Start a lab cluster, audit it, leave reports/lab/
	@scripts/demo $(BIN) $(LAB)

test: setup sshd lab-tools browser lint ## Lint, type-check, and run all tests, those against the lab included
	@scripts/test $(BIN)

quick: setup sshd ## Run the quick tests, in three minutes
	@scripts/quick $(BIN)/python

fuzz: setup ## Fuzz all that reads bytes from outside, for FUZZ_SECONDS (1800)
	@$(BIN)/python -m tests.fuzz.run --seconds $(FUZZ_SECONDS)

lint: setup ## ruff and mypy
	@echo "== Lint and types"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: lab-tools ## Measure the audit beside its floor and what people write by hand
	@scripts/bench

sample: setup lab-tools browser ## Make reports/sample/ and its picture anew
	@scripts/sample $(BIN)

footprint: setup lab-tools ## Measure what one audit leaves in the servers' counters and logs
	@$(BIN)/python benchmarks/footprint.py

setup: $(READY) ## A virtual environment with the project and its tools

$(READY): pyproject.toml scripts/setup-python $(wildcard constraints-*.txt)
	@scripts/setup-python $(VENV)
	@touch $@

lab-tools: ## The few Debian packages that the lab needs on the machine itself
	@scripts/setup-lab

sshd: setup ## An sshd for the tests that log in, unpacked into the virtual environment
	@scripts/setup-sshd $(VENV)/sshd

browser: ## A Chromium for the tests that open the pages
	@scripts/setup-browser

clean: ## Remove what was made here; the lab's cached root tree stays
	rm -rf $(VENV) .venv-bench .mypy_cache .pytest_cache .ruff_cache .coverage* build dist
