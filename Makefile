# Everything that Tickmesh needs on a machine is made here, in .venv of this checkout. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILED := $(shell find core mesh agents -name '*.pxd')
SOURCES := $(shell find core mesh agents -name '*.pyx') $(COMPILED) $(wildcard $(COMPILED:.pxd=.py)) setup.py
# Every compiled module with a stub, by its dotted name.
STUBBED := $(subst /,.,$(basename $(sort $(shell find core mesh agents -name '*.pyi'))))
space := $() $()
comma := ,
# Every module that is compiled though it is a .py.
UNTRACED := $(subst $(space),$(comma),$(strip $(wildcard $(COMPILED:.pxd=.py)) agents/starter/*))
COVERAGE_MIN := 82
PACKAGES := schemas core mesh agents bench tests
RUN_ARGS ?=
BENCH_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test docs-check chaos simulate browser conformance endings load parity sweep-ray lint coverage types bench micro \
	build lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: build  ## trade on the embedded paper venue (RUN_ARGS="--duration 60")
	$(BIN)/tickmesh up $(RUN_ARGS)

# Three run side by side, about as long each, and the words of two of them follow when all have ended. Whole meshes wait for
# processes more than they work, and so does what talks to servers. What waits for nobody takes the time that they leave, its
# coverage is measured as it runs, and the other whole meshes follow it.
# What talks to servers is several processes in turn: each thread of an embedded engine keeps three descriptors open, and
# what clients of others wait by (select) takes none beyond 1,024.
EARLY := tests/integration/test_[a-m]*.py
BESIDE := tests/chaos tests/load tests/integration/test_[acd]*.py
# Many seeds of one thing run the same lines, and more than twice as long while these are counted.
SEEDED := $(addprefix tests/sim/test_,trading.py brackets.py owners.py order_socket.py)
ALONE := $(filter-out $(addprefix tests/,browser/ integration/ unit/ sim/),$(wildcard tests/*/ tests/test_*.py)) $(SEEDED)
TRACED := coverage run --source=schemas,core,mesh,agents -m pytest tests/unit tests/sim $(SEEDED:%=--ignore=%)
PYTEST := $(BIN)/python -m pytest

test: build lint types  ## the test suite in its short forms, under 12 minutes (TEST_ARGS="-k book")
ifdef TEST_ARGS
	$(PYTEST) $(TEST_ARGS)
else
	@( nice -n 5 $(BIN)/python -m $(TRACED); traced=$$?; \
	nice -n 5 $(PYTEST) -m "not whole_mesh" $(ALONE); rest=$$?; \
	$(PYTEST) -m whole_mesh $(BESIDE) && test $$traced -eq 0 -a $$rest -eq 0 ) > $(VENV)/tests-alone.log 2>&1 & alone=$$!; \
	( $(PYTEST) -m "not whole_mesh" tests/browser $(EARLY); early=$$?; \
	$(PYTEST) -m "not whole_mesh" tests/integration --ignore-glob="$(EARLY)" && test $$early -eq 0 ) > $(VENV)/tests-served.log 2>&1 & served=$$!; \
	$(PYTEST) -m whole_mesh tests $(BESIDE:%=--ignore-glob="%"); live=$$?; \
	wait $$alone; alone=$$?; wait $$served; served=$$?; \
	cat $(VENV)/tests-alone.log $(VENV)/tests-served.log; test $$live -eq 0 -a $$alone -eq 0 -a $$served -eq 0
	@$(COVERED)
endif

docs-check: build  ## run every command of README and docs as it is written (some minutes)
	TICKMESH_LONG=1 $(BIN)/python -m pytest tests/test_docs.py

chaos: build  ## long runs: every agent killed and stopped, again and again
	TICKMESH_LONG=1 $(BIN)/python -m pytest tests/chaos

simulate: build  ## long runs: a thousand seeds of the links and four hundred of the whole desk, in virtual time
	TICKMESH_LONG=1 $(BIN)/python -m pytest tests/sim

load: build  ## fifty times the rate on three dialects, a reconnect each minute (an hour; TICKMESH_LOAD_S=300 is a quarter)
	TICKMESH_LONG=1 $(BIN)/python -m pytest -rP tests/load

browser: build  ## the page of a backtest in a real Chromium, in each theme and at three widths (Debian: chromium, chromium-driver)
	TICKMESH_LONG=1 $(BIN)/python -m pytest -rs tests/browser

conformance: build  ## order entry on every venue's dialect, over websocket and REST (some minutes)
	TICKMESH_LONG=1 $(BIN)/python -m pytest tests/integration/test_conformance.py tests/integration/test_conformance_switch.py \
		tests/integration/test_conformance_contracts.py tests/integration/test_conformance_kills.py \
		tests/integration/test_order_renewal.py tests/integration/test_conformance_amend.py \
		tests/integration/test_conformance_transfers.py

endings: build  ## recordings and connections that end, over more venues and seeds than `make test` has
	TICKMESH_LONG=1 $(PYTEST) tests/integration/test_record.py tests/integration/test_record_overlap.py \
		tests/integration/test_connection_life.py

parity: build  ## twenty paper runs whose venue is hidden: its queue and latency are named from their orders (a minute)
	TICKMESH_LONG=1 $(BIN)/python -m pytest -rP tests/sim/test_parity.py tests/integration/test_parity_command.py

sweep-ray: build $(VENV)/ray/installed  ## a sweep of 200 variants on a Ray cluster of two nodes, one of them killed in the middle
	TICKMESH_LONG=1 $(BIN)/python -m pytest tests/integration/test_sweep_ray.py

lint: $(VENV)/installed  ## ruff, cython-lint and spelling; .pre-commit-config.yaml asks the same of each commit
	$(BIN)/ruff check $(PACKAGES) setup.py
	$(BIN)/ruff format --check $(PACKAGES) setup.py
	@# It calls pycodestyle by name.
	PATH="$(CURDIR)/$(BIN):$$PATH" cython-lint core mesh agents
	$(BIN)/codespell $(PACKAGES) docs systemd *.md Makefile pyproject.toml setup.py .ci

# What is compiled is not traced, so it does not count.
COVERED = $(BIN)/python -m coverage report --omit="$(UNTRACED)" --fail-under=$(COVERAGE_MIN) --skip-covered --sort=cover

coverage: build  ## how much of the plain Python unit tests and most simulations run, with a floor; `make test` asks the same
	$(BIN)/python -m $(TRACED)
	$(COVERED)

types: build  ## mypy strict, and stubs against the compiled modules
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest $(STUBBED) --mypy-config-file pyproject.toml --ignore-disjoint-bases

# Redis and NATS are measured too where their servers are on the PATH (apt-get install redis-server nats-server).
bench: build $(VENV)/benched $(VENV)/nautilus/installed  ## measure beside floors and peers, within 15 minutes (BENCH_ARGS="--quick")
	$(BIN)/python -m bench $(BENCH_ARGS)

micro: build  ## micro-benchmarks of the core under pytest-benchmark
	$(BIN)/python -m pytest bench --benchmark-only -o addopts= --benchmark-columns=min,median,iqr,ops

build: $(VENV)/built  ## environment and compiled modules

$(VENV)/installed: requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt -r requirements.txt
	touch $@

$(VENV)/benched: $(VENV)/installed requirements-bench.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	touch $@

# Its rows of the benchmark are left out, with a word, where it cannot be installed.
$(VENV)/nautilus/installed: $(VENV)/installed requirements-nautilus.txt
	test -x $(VENV)/nautilus/bin/python || $(PYTHON) -m venv $(VENV)/nautilus
	$(VENV)/nautilus/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-nautilus.txt \
		&& touch $@ || echo "nautilus_trader cannot be installed here"

# Ray is never where agents run: this environment has it, and sees what the other has and what was built.
$(VENV)/ray/installed: $(VENV)/installed
	test -x $(VENV)/ray/bin/python || $(BIN)/python -m venv $(VENV)/ray
	$(VENV)/ray/bin/python -m pip install --quiet --disable-pip-version-check "ray>=2"
	$(BIN)/python -c "import site; print('import site; site.addsitedir(%r)' % site.getsitepackages()[0])" \
		> "$$($(VENV)/ray/bin/python -c 'import site; print(site.getsitepackages()[0])')/tickmesh.pth"
	touch $@

$(VENV)/built: $(VENV)/installed $(SOURCES) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

lock:  ## pin every requirements file anew, with hashes
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -o requirements-dev.txt requirements-dev.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -o requirements-bench.txt requirements-bench.in
	$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe -o requirements-nautilus.txt requirements-nautilus.in

clean:  ## remove what was built
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find core mesh agents -name '*.so' -delete -o -name '*.c' -delete -o -name '*.html' -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
