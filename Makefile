.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MEMBERS := proto guards server bridge simulator client
# How many tests run at once; each worker has a database server of its own.
TEST_WORKERS ?= 2
# What pytest is asked for: make test TESTS=tests/unit
TESTS ?=
# Only these mutants: make mutants MUTANTS="regrant no_resolver"
MUTANTS ?=
# How many seeds `make simulate` runs, and from which on.
SEEDS ?= 1000
FROM ?= 0
# make proof PROOF="kills --blows 3", PROOF=page only writes the page anew
PROOF ?=
# make demo PORT=8090 SERVER_PORT=... INTERNAL_PORT=... METRICS_PORT=... DIRECTORY=... ONCE=1
DEMO_VARIABLES := PORT SERVER_PORT INTERNAL_PORT METRICS_PORT DIRECTORY ONCE
export PYTHONDONTWRITEBYTECODE :=

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make the virtual environment from the hash-pinned lock

$(READY): requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: name yours with 'make PYTHON=python3.12 ...'"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(MEMBERS:%=-e ./%)
	@touch $@

demo: $(READY) ## Run the whole product on this machine: ONCE=1 ends after the story, PORT=8080
	@exec env $(foreach name,$(DEMO_VARIABLES),$(if $($(name)),COUNTERSIGN_DEMO_$(name)='$($(name))')) $(BIN)/python -m demo

test: $(READY) ## Run every test: TESTS=tests/unit runs some, TEST_WORKERS=2
	@$(BIN)/pytest -n $(TEST_WORKERS) --dist loadscope $(TESTS)

simulate: $(READY) ## Run the product's decisions in virtual time: SEEDS=1000 FROM=0, or SEED=7 with its trace
	@exec $(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --first $(FROM))

mutants: $(READY) ## Take each safety mechanism away, see which seed notices, and write docs/mutants.md
	@exec $(BIN)/python -m tests.simulation.mutating $(MUTANTS)

proof: $(READY) ## Kill, cut and compare: make the runs again and write docs/proof.md (an hour)
	@exec $(BIN)/python -m tests.proof $(PROOF)

lint: $(READY) ## Check style, types, who imports whom, the contract and what is generated from it
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/python proto/breaking.py
	$(BIN)/python proto/generate.py --check

proto: $(READY) ## Write again what is generated from the contract and from the errors
	$(BIN)/python proto/generate.py
	$(BIN)/python -m gateway.openapi
	$(BIN)/python -m gateway.catalogue

bench: $(READY) ## Measure, and write bench/results
	@exec $(BIN)/python -m bench

lock: ## Pin every dependency with its hashes (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate $(foreach m,countersign-api countersign-server countersign-bridge countersign-client countersign-guards mt5-simulator,--no-emit-package $(m)) \
		-q -o requirements.lock

windows: $(READY) ## Run the real MetaTrader5 package and the bridge under Windows Python (Wine)
	@$(BIN)/python -m tests.windows.prepare
	@COUNTERSIGN_WINDOWS=1 $(BIN)/pytest -vv --durations=3 tests/windows

windows-bridge: $(READY) ## Lay out the bridge for Windows, whole, in dist/
	@$(BIN)/python -m deploy.windows.build

windows-lock: ## Pin what the bridge needs on Windows, in the versions of requirements.lock (needs uv)
	uv pip compile bridge/pyproject.toml guards/pyproject.toml proto/pyproject.toml simulator/pyproject.toml deploy/windows/requirements.in \
		--python-platform x86_64-pc-windows-msvc --python-version 3.12 --generate-hashes --only-binary=:all: \
		--no-header --no-annotate --no-emit-package countersign-api --no-emit-package countersign-guards -q -o deploy/windows/requirements.lock \
		-c <(grep -E '^[a-z0-9]' requirements.lock | grep -v '^numpy' | sed 's/ \\$$//')

clean: ## Remove the environment, the caches, the demo's data and the measurements
	rm -rf $(VENV) .demo .wine .build dist bench/results .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -type d \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +

.PHONY: help setup demo test simulate mutants proof lint proto bench lock windows windows-bridge windows-lock clean
