# The commands of the project; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?=
VALIDITY := tests/tools/validity

.DEFAULT_GOAL := help
.PHONY: help up dev test check validity bench bench-alerts bench-api bench-web screenshots lint types clean

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

up: $(VENV)/.installed ## Install and start the service (PORT, HOST, DATA_DIR, .env)
	@exec $(BIN)/python manage.py serve

dev: $(VENV)/.installed-dev ## Start the reloading development server
	@DEBUG=True exec $(BIN)/python manage.py serve --dev

test: $(VENV)/.installed-dev ## Run the unit tests on SQLite (TESTS=path for some)
	$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/.installed-dev validity ## Run all that CI runs
	.ci/check

validity: $(VALIDITY)/node_modules/.installed ## Install what judges HTML and CSS in browser tests (npm)

bench: $(VENV)/.installed-dev ## Measure how many pings a second (wrk, pgbench)
	$(BIN)/python -m tests.bench.ping

bench-api: $(VENV)/.installed-dev ## Measure what the API costs
	$(BIN)/python -m tests.bench.api

screenshots: $(VENV)/.installed-dev ## Photograph the pages for the documents
	$(BIN)/python -m tests.tools.screenshots

bench-web: $(VENV)/.installed-dev ## Measure what the pages cost
	$(BIN)/python -m tests.bench.web

bench-alerts: $(VENV)/.installed-dev ## Measure how fast alerts go out
	$(BIN)/python -m tests.bench.alerts

lint: $(VENV)/.installed-dev ## Format the code and judge its style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/lint-imports

types: $(VENV)/.installed-dev ## Judge the types
	$(BIN)/mypy

clean: ## Remove what was built (not the data)
	rm -rf $(VENV) .venv-clients $(VALIDITY)/node_modules static-collected .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache htmlcov

$(VENV)/.installed: requirements.txt
	@test -x $(BIN)/python || { echo "Creating $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing requirements ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing development requirements ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VALIDITY)/node_modules/.installed: $(VALIDITY)/package-lock.json
	@echo "Installing html-validate and stylelint ..."
	@cd $(VALIDITY) && npm ci --loglevel=error >/dev/null
	@touch $@
