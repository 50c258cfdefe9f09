# Every job of this repository. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
UV := $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/.tools/uv/bin/uv)
# The machine's Python is used as it is; none is ever downloaded.
export UV_PYTHON_DOWNLOADS := never
# A dozen processes start at once: without compiled modules each would take seconds longer.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(dir $(UV)):$(PATH)
RUN := $(UV) run --frozen

PORT ?= 8000
J ?= 2
DIR ?= .
GOAL ?=
S ?= gateway
B ?=
T ?=
MINUTES ?= 10

.PHONY: help
help: ## List what can be done here
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(UV) ## Install everything that the other jobs need (they call it themselves)
	@$(UV) sync --frozen --all-packages $(if $(wildcard .venv),--quiet)

# Where `venv` has no ensurepip (Debian splits it off), the system's pip installs it instead.
$(CURDIR)/.tools/uv/bin/uv:
	@echo "uv is absent: installing $(UV_VERSION) into .tools/" >&2
	@mkdir -p .tools
	@if python3 -m venv .tools/uv 2>/dev/null; then \
	    .tools/uv/bin/python -m pip install --quiet "uv==$(UV_VERSION)"; \
	elif python3 -m pip --version >/dev/null 2>&1; then \
	    rm -rf .tools/uv && python3 -m pip install --quiet --target .tools/uv "uv==$(UV_VERSION)"; \
	else \
	    rm -rf .tools/uv; \
	    echo "neither uv, nor python3 -m venv, nor pip is here: install one (Debian: apt install python3-venv)" >&2; \
	    exit 1; \
	fi

.PHONY: demo
demo: setup ## The whole system reviews DIR=. for GOAL="…", unwatched and watched; prints and compares both
	@$(RUN) agentbus demo --dir "$(DIR)" $(if $(GOAL),--goal "$(GOAL)")

.PHONY: up down status logs web
up: setup ## Start the system on PORT=8000 and print its address; data is kept
	@$(MAKE) web || echo "going on without the web app: everything else works" >&2
	@$(RUN) agentbus up --port $(PORT)
down: setup ## Stop the system
	@$(RUN) agentbus down
status: setup ## Show every part of the running system
	@$(RUN) agentbus status
web: setup ## Build the web app (up does so itself); needs Node, from this machine or PyPI
	@$(RUN) python -m agentbus.embedded.web
logs: setup ## Follow the log of S=gateway
	@$(RUN) agentbus logs $(S) --follow

.PHONY: test fault soak browser e2e observe compose-test
test: setup ## All tests but those in a browser and of `observe`, in J=2 processes (T="options for pytest")
	@$(RUN) pytest --ignore=tests/browser --ignore=tests/observe --numprocesses=$(J) --dist=loadgroup $(T)
e2e: setup ## The promises of the README, on the whole system
	@$(RUN) pytest tests/e2e $(T)
fault: setup ## The fault campaign: kill, freeze, cut off under load; a table of what was lost and doubled
	@$(RUN) pytest tests/fault --faults=full $(T)
soak: setup ## Ten minutes (MINUTES=10) of plans in waves: no process may grow without bound
	@$(RUN) python tests/soak/run.py --minutes $(MINUTES)
browser: web ## The web app in a real browser (Debian: apt-get install chromium)
	@$(RUN) --group browser pytest tests/browser $(T)
observe: setup ## Spans through a real Collector, metrics into a real Prometheus, every panel (Debian: prometheus)
	@$(RUN) pytest tests/observe $(T)
compose-test: setup ## docker-compose.yml for real, and the e2e tests against it
	@infra/compose/test

.PHONY: check
check: setup ## Format, lint, types, architecture and contracts; no broker
	@$(RUN) ruff format --check
	@$(RUN) ruff check
	@$(RUN) mypy contracts/src libs services tests
	@$(RUN) lint-imports
	@$(RUN) pytest --quiet tests/architecture tests/contract

.PHONY: format
format: setup ## Format, and mend what the linter can
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

.PHONY: bench
bench: setup ## Benchmarks (B=name), each beside a reference measured in the same run
	@$(RUN) python tests/bench/run.py $(B)

.PHONY: contracts
contracts: setup ## Regenerate schemas, AsyncAPI, OpenAPI and TypeScript types
	@$(RUN) python contracts/generate.py

.PHONY: sbom
sbom: setup ## What all of this is made of, with licences: .sbom/agentbus.cdx.json (CycloneDX)
	@$(RUN) python -m agentbus.embedded.bill_of_materials .sbom/agentbus.cdx.json

.PHONY: clean
clean: ## Stop the system and remove what was built here; data and downloads stay
	@if [ -x .venv/bin/agentbus ]; then .venv/bin/agentbus down; fi
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .sbom bench/results
