# What people type. The first `make run` or `make test` sets everything up; scripts/setup.sh
# says how. PYTHON names the interpreter that .venv is made with, SEEDS how many are simulated,
# WORKERS how many processes run the tests: they wait about as long as they compute.

PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 1000
WORKERS ?= 5
# Or each of the processes that the tests start compiles all that it imports.
export PYTHONDONTWRITEBYTECODE =
SETUP := pyproject.toml requirements/run.txt requirements/all.txt scripts/setup.sh

.PHONY: help run test check sim soak bench firing abuse packages clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: .venv/ready-run ## play the published examples, then stay up; ARGS=--once ends
	@$(BIN)/callkeeper demo $(ARGS)

test: .venv/ready-dev ## everything: format, lint, types, imports, all tests on both engines
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -rs -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  --durations 10

check: .venv/ready-dev ## format, lint, types, and the tests that take a few seconds
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -rs tests/core tests/test_architecture.py tests/test_docs.py \
	  tests/test_tidy.py

sim: .venv/ready-dev ## days of calls in which much goes wrong; SEEDS=10000 runs many
	@$(BIN)/python -m tests.sim.run --seeds $(SEEDS)

soak: .venv/ready-dev ## what takes an hour: kills over real calls, set clocks, 10,000 days, firing
	$(BIN)/python -m tests.pbx.killing
	$(BIN)/python -m tests.dialer.clock_jumps
	$(BIN)/python -m tests.sim.run --seeds 10000
	CALLKEEPER_ROUNDS=10 $(BIN)/python -m pytest --timeout 1200 tests/fleet/test_fleet.py
	$(BIN)/python -m bench.firing

bench: .venv/ready-bench ## all that is measured, beside what else there is; ARGS=--help
	@$(BIN)/python -m bench $(ARGS)

firing: .venv/ready-bench ## reservations fired a second, beside other schedulers; ARGS=--help
	@$(BIN)/python -m bench.firing $(ARGS)

abuse: .venv/ready-bench ## a client beside those that abuse the server; ARGS=--help
	@$(BIN)/python -m bench.abuse $(ARGS)

packages: .venv/ready-dev ## the wheels and source archives to publish, checked, below dist
	@sh scripts/packages.sh

clean: ## remove what these commands made; never callkeeper-data
	rm -rf .venv .cache .mypy_cache .ruff_cache .hypothesis .schemathesis .import_linter_cache
	rm -rf build dist
	rm -rf src/*.egg-info
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +

.venv/ready-%: $(SETUP)
	@PYTHON=$(PYTHON) sh scripts/setup.sh $*
	@touch $@
