# The project's verbs. The first one run makes .venv; nothing is installed outside it.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check
ALONE := $(BIN)/python tests/netns.py  # in a network of its own, every port is free

.PHONY: .venv help demo test check check-units check-laws lint types arch rules coverage laws system conformance fuzz fuzz-bytes bench bench-quick speed kills soak sweeps powerloss docs

help:  ## what there is to make
	@grep -E '^[.a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/ready  ## the walk-through, from nothing: firmware to a fleet in two stages
	$(BIN)/affinage demo

test: .venv/dev .venv/conformance .venv/npm/ready .venv/paho/ready  ## every test; needs only Python
	$(ALONE) $(BIN)/pytest tests

check: lint types arch rules  ## what every commit passes
	$(MAKE) --no-print-directory --output-sync -j2 check-units check-laws

check-units: .venv/dev  ## the tests of each module
	$(BIN)/pytest -q tests/unit

check-laws: .venv/dev  ## the properties, the transcripts, the contracts
	$(BIN)/pytest -q tests/laws tests/scenarios tests/contract tests/fuzz

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

kills: .venv/dev  ## a hub killed 200 times while a fleet writes 1,000 times a second
	AFFINAGE_KILLS=$${AFFINAGE_KILLS:-200} $(ALONE) $(BIN)/pytest tests/system/test_kills.py

soak: .venv/dev  ## 2,000 devices for 20 minutes, dropped and taken over, and their hub killed
	AFFINAGE_SOAK_S=$${AFFINAGE_SOAK_S:-1200} AFFINAGE_SOAK_DEVICES=$${AFFINAGE_SOAK_DEVICES:-2000} $(ALONE) $(BIN)/pytest tests/system/test_soak.py

sweeps: .venv/dev  ## a sweep over 100,000 devices, cut short again and again
	AFFINAGE_SWEEP_DEVICES=$${AFFINAGE_SWEEP_DEVICES:-100000} $(ALONE) $(BIN)/pytest tests/system/test_sweeps.py

powerloss: .venv/dev  ## writes that never reached the disk, at 5,000 points
	AFFINAGE_POWER_LOSSES=$${AFFINAGE_POWER_LOSSES:-5000} $(ALONE) $(BIN)/pytest tests/system/test_power_loss.py

fuzz: .venv/dev  ## 1,000 requests of each kind to each operation, as OpenAPI tells them and otherwise
	AFFINAGE_FUZZ=$${AFFINAGE_FUZZ:-1000} $(ALONE) $(BIN)/pytest tests/system/test_openapi.py

fuzz-bytes: .venv/fuzz  ## bytes and texts to whatever reads them, led by what they cover; 90 s
	for target in packets session texts shared_access_tokens tls websocket certificates chains patches; do \
	  echo $$target; \
	  $(BIN)/python tests/fuzz/run.py $$target dist/fuzz $${AFFINAGE_FUZZ_SECONDS:-10} || exit 1; \
	done

conformance: .venv/dev .venv/conformance .venv/npm/ready .venv/paho/ready  ## other people's clients, unmodified
	$(ALONE) $(BIN)/pytest tests/conformance

bench: .venv/dev  ## measure, alone on the machine, for half an hour; results go to bench/results
	$(BIN)/python bench/bench_reports.py
	$(BIN)/python bench/bench_reactions.py
	$(BIN)/python bench/bench_sweeps.py
	$(BIN)/python bench/bench_sweeps.py --twins 1000000
	$(BIN)/python bench/bench_configurations.py
	$(BIN)/python bench/bench_idle.py
	$(BIN)/python bench/bench_storm.py
	$(BIN)/python bench/bench_handshakes.py
	$(BIN)/python bench/bench_fanout.py
	$(BIN)/python bench/bench_queries.py
	$(BIN)/python bench/bench_start.py
	$(BIN)/python bench/bench_events.py
	$(BIN)/python bench/bench_store.py
	$(BIN)/python bench/bench_store.py --in-place

bench-quick: export AFFINAGE_RESULTS = dist/bench
bench-quick: .venv/dev  ## the same with small sizes, to see that all work; results go to dist/bench
	$(BIN)/python bench/bench_reports.py --twins 5000 --connections 200 --many 500 --seconds 3
	$(BIN)/python bench/bench_reactions.py --twins 5000 --connections 200 --seconds 4
	$(BIN)/python bench/bench_sweeps.py --twins 5000
	$(BIN)/python bench/bench_configurations.py --twins 2000 --connections 100 --many 100 --seconds 3
	$(BIN)/python bench/bench_idle.py --twins 5000 --connections 1000
	$(BIN)/python bench/bench_storm.py --twins 5000 --connections 1000 --many 100
	$(BIN)/python bench/bench_handshakes.py --connections 300
	$(BIN)/python bench/bench_fanout.py --connections 500
	$(BIN)/python bench/bench_queries.py --twins 20000 --times 50
	$(BIN)/python bench/bench_start.py --twins 20000
	$(BIN)/python bench/bench_store.py --devices 10000 --rows 20000
	$(BIN)/python bench/bench_events.py --twins 5000 --connections 200 --seconds 3

speed: .venv/dev  ## write the results into docs/reference/speed.md
	$(BIN)/python bench/page.py

docs: .venv/dev  ## every link leads somewhere; the changelog's next entry
	$(BIN)/python tools/check_links.py
	$(BIN)/towncrier build --draft --version next

.venv: .venv/dev  ## the environment: the hub and what its tests need

.venv/ready: pyproject.toml
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
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

# The fuzzer comes as a wheel, and not for every Python; .ci/run insists on it.
.venv/fuzz: .venv/dev
	@$(INSTALL) --only-binary atheris -e '.[fuzz]' && touch $@ || { \
	  echo "The fuzzer cannot be installed for this Python." >&2; false; }

# paho 2 beside the paho 1 that the device SDK needs, in a folder that no Python here looks into.
.venv/paho/ready: .venv/dev
	$(INSTALL) --target .venv/paho 'paho-mqtt>=2.1' 2>/dev/null
	touch $@

# The SDK for Node.js, with the machine's own Node.js or one that comes as a package of Python's.
.venv/npm/ready: .venv/dev tests/conformance/npm/package.json
	@$(BIN)/python tests/node.py && touch $@ || { \
	  echo "Node.js or its packages cannot be installed: their conformance suite is left out." >&2; \
	  test "$$AFFINAGE_CI" != 1; }
