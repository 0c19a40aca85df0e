# The project's verbs. The first one run makes .venv; nothing is installed outside it.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check lint types arch laws conformance system bench kills docs

demo: .venv/ready  ## the walk-through, from nothing
	$(BIN)/affinage demo

test: .venv/dev  ## every test that needs only Python
	$(BIN)/pytest tests

check: lint types arch  ## what every commit passes
	$(BIN)/pytest -q tests/unit tests/laws tests/scenarios tests/contract

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

arch: .venv/dev
	$(BIN)/lint-imports

.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[hub]'
	touch $@

.venv/dev: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[hub,dev,conformance]'
	touch $@
