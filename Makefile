# The project's verbs. The first one run makes .venv; nothing is installed outside it.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
ALONE := $(BIN)/python tests/netns.py  # in a network of its own, every port is free

.PHONY: .venv help demo test check lint types arch rules coverage laws system conformance bench kills docs

help:  ## what there is to make
	@grep -E '^[.a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/ready  ## the walk-through, from nothing: firmware to a fleet in two stages
	$(BIN)/affinage demo

test: .venv/dev .venv/conformance  ## every test; needs only Python
	$(ALONE) $(BIN)/pytest tests

check: lint types arch rules  ## what every commit passes
	$(BIN)/pytest -q tests --ignore tests/system --ignore tests/conformance

lint: .venv/dev  ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev  ## mypy, strict
	$(BIN)/mypy

arch: .venv/dev  ## who may import whom
	$(BIN)/lint-imports

rules: .venv/dev  ## every numbered rule has a test
	$(BIN)/python tools/check_rules.py

coverage: .venv/dev  ## every module by its own tests; the core to the last branch
	$(BIN)/python tools/own_coverage.py

laws: .venv/dev  ## the properties, looked at hard (HYPOTHESIS_PROFILE=night: harder)
	HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-ci} $(BIN)/pytest -q tests/laws

system: .venv/dev  ## whole processes: killed, cut off, started again
	$(ALONE) $(BIN)/pytest tests/system

kills: .venv/dev  ## of those, the one that kills the hub while a fleet writes: 50 times
	AFFINAGE_KILLS=$${AFFINAGE_KILLS:-50} $(ALONE) $(BIN)/pytest tests/system/test_kills.py

conformance: .venv/dev .venv/conformance  ## other people's clients, unmodified
	$(ALONE) $(BIN)/pytest tests/conformance

bench: .venv/dev  ## measure; results go to bench/, with the machine's description
	for script in bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

docs: .venv/dev  ## every link leads somewhere; the changelog's next entry
	$(BIN)/python tools/check_links.py
	$(BIN)/towncrier build --draft --version next

.venv: .venv/dev  ## the environment: the hub and what its tests need

.venv/ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) -e '.[hub]'
	touch $@

.venv/dev: .venv/ready
	$(INSTALL) -e '.[dev]'
	touch $@

# The service SDK needs uamqp, which is compiled, and not for every Python: with no wheel for this
# one, the suite that drives the hub with it is left out; .ci/run insists on it.
.venv/conformance: .venv/dev
	@$(INSTALL) --only-binary uamqp --use-pep517 -e '.[conformance]' && touch $@ || { \
	  echo "The SDKs cannot be installed for this Python: the conformance suite is left out." >&2; \
	  test "$$AFFINAGE_CI" != 1; }
