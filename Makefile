# `make demo` and `make test` set up everything from a fresh clone; the first ranks four methods on handwritten digits,
# the second runs all tests. `make check` runs the quick part.
# VENV is the folder of the environment, which is created if it is missing; JOBS is the number of tests that run at a time.
PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
BIN = $(VENV)/bin
# The tests of a file share trained models, so they run in the same process.
PARALLEL = -n $(JOBS) --dist loadfile

$(VENV)/ready: pyproject.toml constraints.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt torch torchvision
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

.PHONY: install demo test check fuzz stops day lint docs benchmark
install: $(VENV)/ready

demo: $(VENV)/ready
	$(BIN)/gan-zoo study mnist_objectives

test: $(VENV)/ready
	$(BIN)/python -m pytest $(PARALLEL)

check: $(VENV)/ready
	$(BIN)/python -m pytest $(PARALLEL) -m 'not slow'

# FUZZ_SECONDS is how long hostile command lines, YAML and damaged files are tried.
FUZZ_SECONDS ?= 600
fuzz: $(VENV)/ready
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m pytest -n 0 -s tests/commands/test_fuzz.py

# 300 SIGINT and SIGTERM and 1,000 SIGKILL at seeded moments of training. STOPS is a folder that does not exist yet.
STOPS ?= build/stops
stops: $(VENV)/ready
	$(BIN)/python -m tests.drivers.forked_stops $(STOPS)/one stop 1 240 1
	$(BIN)/python -m tests.drivers.forked_stops $(STOPS)/two stop 2 60 3
	$(BIN)/python -m tests.drivers.forked_stops $(STOPS)/kills kill 1 1000 2

# As many checkpoints, scores and grids as a day of training makes. DAY is the directory of the run.
DAY ?= build/day
day: $(VENV)/ready
	$(BIN)/python -m tests.drivers.endurance $(DAY) 4320

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
	$(BIN)/python -m tests.benchmarks.augmentation
	$(BIN)/python -m tests.benchmarks.level_change
