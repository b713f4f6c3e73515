# `make test` sets up everything from a fresh clone and runs all tests; `make check` runs the quick part.
PYTHON ?= python3
BIN = .venv/bin

.venv/ready: pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch torchvision
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.PHONY: install test check lint benchmark
install: .venv/ready

test: .venv/ready
	$(BIN)/python -m pytest

check: .venv/ready
	$(BIN)/python -m pytest -m 'not slow'

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

benchmark: .venv/ready
	$(BIN)/python -m tests.benchmarks.step_overhead
