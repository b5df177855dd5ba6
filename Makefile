# Two commands do everything: make forecast, make test.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# The newest Python from 3.11 to 3.13 that really starts (a pyenv shim may exist and refuse).
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python $$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[123]*/bin/python3 2>/dev/null | sort -rV); do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
export MLFLOW_DISABLE_TELEMETRY := true
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: help setup forecast test test-faults test-deep lint types layers tests lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11, 3.12 or 3.13 with venv was found. Install python3 and python3-venv, or set PYTHON=/path/to/python3." >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (a minute or two) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready ## Make .venv with the locked packages

forecast: setup ## Set up, run the experiments, publish an edition and print where the report is
	@$(BIN)/forecast make || test $$? -eq 3 # 3: published, and the notes say what is degraded

test: setup lint types layers tests ## Set up, then lint, types, layers and all tests

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup
	@$(BIN)/mypy

layers: setup
	@$(BIN)/lint-imports

tests: setup
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

test-faults: setup ## Break publishing on purpose: kills, full disks, readers, hostile text; writes build/faults (20 minutes)
	@rm -rf build/faults
	@$(BIN)/python -m pytest -q -m faults -n 2 --dist load tests/faults tests/evaluation/test_killed.py
	@$(BIN)/python -m tests.faults.figures

test-deep: setup ## The slowest tests: spoiled files for every reader, mutation of what guards the publication (2 hours)
	@nice -n 10 $(BIN)/python -m pytest -q -m deep -n 2 --dist load tests/faults
	@nice -n 10 $(BIN)/python benchmarks/mutation.py

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --upgrade -o requirements.lock

clean: ## Remove the environment and caches; data, editions and runs stay
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
