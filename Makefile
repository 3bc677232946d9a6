# Every target does its own set-up: a machine with python3 (3.11 or newer), make and git is enough.
PYTHON ?= python3
BIN := .venv/bin
PAGE := $(BIN)/python -m tools.page
SHELL := /bin/sh
.DEFAULT_GOAL := help
# uv trusts what the machine trusts, as pip does: a company's proxy has its own certificate.
UV_SYSTEM_CERTS ?= 1
export UV_SYSTEM_CERTS

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: .venv/ready ## start Plimsoll on http://127.0.0.1:8000 (its own PostgreSQL and its page included)
	@$(PAGE) ensure || echo "Plimsoll starts all the same."
	@$(BIN)/plimsoll up $(ARGS)

demo: .venv/ready ## the same with an invented market and an invented person; no account, no network
	@$(PAGE) ensure || echo "Plimsoll starts all the same."
	@$(BIN)/plimsoll demo $(ARGS)

test: .venv/ccxt ## every test, on real PostgreSQL, real sockets and the real page
	@$(PAGE) ensure
	@$(if $(ARGS),,$(PAGE) test)
	@$(BIN)/python -m tools.browser
	@$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/ready ## formatting, lint, types, the order of the house, and the page's weight
	@$(BIN)/pre-commit run --all-files
	@$(BIN)/python -m tools.openapi --check
	@$(PAGE) check
	@$(PAGE) ensure
	@$(BIN)/python -m tools.page_budgets

ui: .venv/ready ## build the page from ui/, with Node from a wheel where there is none
	@$(PAGE) build

ui-check: .venv/ready ## types, tests, client and weight of the page alone
	@$(PAGE) check
	@$(PAGE) test
	@$(PAGE) ensure
	@$(BIN)/python -m tools.page_budgets

client: .venv/ready ## openapi.json and the page's client anew, after a change of the API
	@$(BIN)/python -m tools.openapi --write
	@$(PAGE) client

bench: .venv/ready ## figures beside the usual stack, in the same run
	@$(BIN)/python -m benchmarks.http $(ARGS)
	@$(BIN)/python -m benchmarks.candles
	@$(BIN)/python -m benchmarks.indicators
	@$(BIN)/python -m benchmarks.indicator_sets
	@$(BIN)/python -m benchmarks.sources
	@$(BIN)/python -m benchmarks.memory
	@$(BIN)/python -m benchmarks.markets
	@$(BIN)/python -m benchmarks.streams
	@$(BIN)/python -m benchmarks.matching
	@$(BIN)/python -m benchmarks.machine
	@$(BIN)/python -m benchmarks.orders
	@$(BIN)/python -m benchmarks.lots
	@$(BIN)/python -m benchmarks.pools
	@$(BIN)/python -m benchmarks.tax_pipeline
	@$(BIN)/python -m benchmarks.holdings
	@$(BIN)/python -m benchmarks.tax_files
	@$(BIN)/python -m benchmarks.alerts
	@$(BIN)/python -m benchmarks.restart
	@$(BIN)/python -m benchmarks.exchange_memory

bench-ui: .venv/ready ## the page in a real browser: first screen, ticks, frames, charts, memory over ten minutes
	@$(PAGE) ensure
	@$(BIN)/python -m tools.browser
	@$(BIN)/python -m benchmarks.page $(ARGS)

pictures: .venv/ready ## the pictures of the documents anew, from a demo in Chromium
	@$(BIN)/python -m tools.browser
	@$(BIN)/python -m tools.screenshots $(ARGS)

simulate: .venv/ready ## random worlds of the paper exchange, checked after every command
	@$(BIN)/python -m tests.trading.simulation --seeds 1000 --commands 2000 $(ARGS)

crash: .venv/ready ## 50 kills of the service while sixteen people trade
	@$(BIN)/python -m tests.journeys.order_crash --kills 50 --people 16 $(ARGS)

fuzz: .venv/ready ## a long walk over the API as every role, then malformed input
	@$(BIN)/python -m tests.journeys.api_walk
	@$(BIN)/python -m tests.journeys.malformed

faults: .venv/ready ## real faults under a running service: database, limits, disk, clock, slow clients, overload
	@$(BIN)/python -m tests.faults $(ARGS)

oracle: .venv/ready ## margin rules and taxes beside independent programs, differences explained or listed
	@$(BIN)/python -m tests.trading.margin_agreement $(ARGS)
	@$(BIN)/python -m tests.tax.oracle

audit: .venv/ready ## known faults of the dependencies; NOT CHECKED where nobody can be asked
	@$(BIN)/python -m tools.dependency_audit $(ARGS)

migrate: .venv/ready ## bring PLIMSOLL_DATABASE_URL to this version's schema
	@$(BIN)/plimsoll migrate $(ARGS)

lock: .venv/uv ## resolve requirements.lock anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --group dev --extra apprise --extra otel --extra redis pyproject.toml -o requirements.lock $(ARGS)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra ccxt --constraint requirements.lock pyproject.toml -o requirements-ccxt.lock $(ARGS)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --group node -o requirements-node.lock $(ARGS)

.venv/uv:
	@$(PYTHON) -c 'import sys; sys.exit("Plimsoll needs Python 3.11 or newer; PYTHON=python3.12 make ... names another one" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (once; again when requirements.lock changes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

.venv/ready: .venv/uv requirements.lock pyproject.toml
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# What the extra `ccxt` adds; only its tests need it.
.venv/ccxt: .venv/ready requirements-ccxt.lock
	@$(BIN)/uv pip install --quiet --require-hashes --python $(BIN)/python -r requirements-ccxt.lock
	@touch $@

.PHONY: help run demo test check ui ui-check client bench bench-ui pictures simulate crash faults fuzz oracle migrate lock audit
