# run: the page with the sample, from nothing.   test: everything a change must pass; CI runs the same.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test check fix bench proof clean

help:
	@echo "make run    install, prepare the embedding model once, take in corpus/, serve the page"
	@echo "make test   format, lint, types, import rules and tests (make check is the same)"
	@echo "make fix    format, mend what ruff can mend, refresh docs/configuration.md"
	@echo "make bench  run the measurements in bench/"
	@echo "make proof  try to make confidential text leave, in a sealed network (docs/proof.md); TURNS=N, SEED=N"
	@echo "make clean  remove .venv and caches; your documents and conversations stay"

run: .venv/installed
	@$(BIN)/python -m rag.retrieval.prepare --if-needed
	@$(BIN)/airlock serve --sample corpus

test: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

check: test

fix: .venv/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/python -m tests.settings_table

bench: .venv/installed
	@set -e; for script in bench/*.py; do \
	  if [ -e "$$script" ]; then $(BIN)/python "$$script"; else echo "bench/ holds no measurements yet"; fi; done

proof: .venv/installed-dev
	@$(BIN)/python -m tests.proof --turns $(or $(TURNS),2000) $(if $(SEED),--seed $(SEED))

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage htmlcov

# Stamps, so that a second run installs nothing.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Airlock needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing pinned versions (some minutes the first time) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/installed-dev: .venv/installed
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
