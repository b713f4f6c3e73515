# `make demo` and `make test` set up everything from a fresh clone; the first ranks four methods on handwritten digits,
# the second runs all tests. `make check` runs the quick part.
# VENV is where the environment is made, if need be, and found again; JOBS is how many tests run at a time.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
BIN = $(VENV)/bin
# A file's tests share what they train, so they stay together.
PARALLEL = -n $(JOBS) --dist loadfile

$(VENV)/ready: pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch torchvision
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.PHONY: install demo test check lint docs benchmark
install: $(VENV)/ready

demo: $(VENV)/ready
	$(BIN)/gan-zoo study mnist_objectives

test: $(VENV)/ready
	$(BIN)/python -m pytest $(PARALLEL)

check: $(VENV)/ready
	$(BIN)/python -m pytest $(PARALLEL) -m 'not slow'

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(VENV)/ready
	$(BIN)/python -m sphinx -W --fresh-env --keep-going --quiet docs build/docs

benchmark: $(VENV)/ready
	$(BIN)/python -m tests.benchmarks.step_overhead
	$(BIN)/python -m tests.benchmarks.help_time
	$(BIN)/python -m tests.benchmarks.study_overhead
	$(BIN)/python -m tests.benchmarks.tracking_overhead
