# What people type. The first `make run` or `make test` sets everything up; scripts/setup.sh
# says how. PYTHON names the interpreter that .venv is made with.

PYTHON ?= python3
BIN := .venv/bin
SETUP := pyproject.toml constraints.txt scripts/setup.sh

.PHONY: help run test check bench clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: .venv/ready-run ## play the published examples, then stay up; ARGS=--once ends
	@$(BIN)/callkeeper demo $(ARGS)

test: .venv/ready-dev ## everything: format, lint, types, imports, all tests on both engines
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -rs

check: .venv/ready-dev ## the same without the tests that start a server or a database
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -rs tests/core tests/test_architecture.py tests/test_docs.py \
	  tests/test_tidy.py

bench: .venv/ready-bench ## updateResult beside the usual way of writing it; ARGS=--help
	@$(BIN)/python -m bench.update_result $(ARGS)

clean: ## remove what these commands made; never callkeeper-data
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .schemathesis .import_linter_cache build dist
	rm -rf src/*.egg-info
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +

.venv/ready-%: $(SETUP)
	@PYTHON=$(PYTHON) sh scripts/setup.sh $*
	@touch $@
