# Every target does its own set-up: a machine with python3 (3.11 or newer), make and git is enough.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/sh
.DEFAULT_GOAL := help
# uv trusts what the machine trusts, as pip does: a company's proxy has its own certificate.
UV_SYSTEM_CERTS ?= 1
export UV_SYSTEM_CERTS

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: .venv/ready ## start Plimsoll on http://127.0.0.1:8000 (its own PostgreSQL included)
	@$(BIN)/plimsoll up $(ARGS)

test: .venv/ccxt ## every test, on real PostgreSQL and real sockets
	@$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/ready ## formatting, lint, types, and the order of the house
	@$(BIN)/pre-commit run --all-files

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

simulate: .venv/ready ## random worlds of the paper exchange, checked after every command
	@$(BIN)/python -m tests.trading.simulation --seeds 1000 --commands 2000 $(ARGS)

crash: .venv/ready ## 50 kills of the service while sixteen people trade
	@$(BIN)/python -m tests.journeys.order_crash --kills 50 --people 16 $(ARGS)

oracle: .venv/ready ## margin rules and taxes beside independent programs, differences explained or listed
	@$(BIN)/python -m tests.trading.margin_agreement $(ARGS)
	@$(BIN)/python -m tests.tax.oracle

migrate: .venv/ready ## bring PLIMSOLL_DATABASE_URL to this version's schema
	@$(BIN)/plimsoll migrate $(ARGS)

lock: .venv/uv ## resolve requirements.lock anew
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --group dev pyproject.toml -o requirements.lock $(ARGS)
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 --extra ccxt --constraint requirements.lock pyproject.toml -o requirements-ccxt.lock $(ARGS)

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

.PHONY: help run test check bench simulate crash oracle migrate lock
