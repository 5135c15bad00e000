# Every developer's and operator's command; `make` prints them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.SHELLFLAGS := -eu -c

# Where it is set, each of the hundreds of processes that tests start compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# Empty: the first one that is new enough.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
ADDRESS ?= 127.0.0.1
PORT ?= 8080
# Half the suite waits for servers, so more workers than cores pay.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
SCANNER := $(VENV)/scanner/.installed

.PHONY: help
help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | \
		while IFS='|' read -r name text; do printf '  %-12s %s\n' "$$name" "$$text"; done

$(VENV)/bin/python:
	@.ci/make-venv "$(VENV)" "$(PYTHON)"

$(RUNTIME): requirements/runtime.txt requirements/build.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Signpost needs (half a minute the first time) …"
	@.ci/install "$(VENV)" requirements/runtime.txt requirements/build.txt
	@$(BIN)/python -m pip --disable-pip-version-check -qq install --no-deps --no-build-isolation -e .
	@touch $@

$(DEVELOPMENT): requirements/dev.txt $(RUNTIME)
	@echo "Installing the development tools …"
	@.ci/install "$(VENV)" requirements/dev.txt
	@touch $@

# In an environment of its own: it needs older libraries than ours.
$(SCANNER): requirements/scanner.txt $(DEVELOPMENT)
	@.ci/make-venv "$(VENV)/scanner" "$(PYTHON)"
	@.ci/install "$(VENV)/scanner" requirements/scanner.txt
	@touch $@

.PHONY: setup
setup: $(RUNTIME) ## Environment in .venv with the command .venv/bin/signpost

.PHONY: run
run: $(RUNTIME) ## From a fresh machine to a running service at http://127.0.0.1:8080
	@echo "Serving at http://$(ADDRESS):$(PORT) until Ctrl+C. Try in another terminal:"
	@echo "  curl 'http://$(ADDRESS):$(PORT)/mail/config-v1.1.xml?emailaddress=jane@demo.example'"
	@exec $(BIN)/signpost serve --demo --host $(ADDRESS) --port $(PORT)

.PHONY: format
format: $(DEVELOPMENT) ## Format the code
	@$(BIN)/ruff check -q --fix .
	@$(BIN)/ruff format -q .

.PHONY: lint
lint: $(DEVELOPMENT) ## Lint and check the format
	@$(BIN)/ruff check -q --output-format concise .
	@$(BIN)/ruff format -q --check .

.PHONY: types
types: $(DEVELOPMENT) ## Check types
	@$(BIN)/mypy --no-error-summary

.PHONY: imports
imports: $(DEVELOPMENT) ## Check who imports whom
	@$(BIN)/lint-imports --no-cache > $(VENV)/imports.txt 2>&1 || { cat $(VENV)/imports.txt; exit 1; }

.PHONY: fast
fast: $(DEVELOPMENT) ## Tests without servers of their own
	@$(BIN)/pytest -q -n $(WORKERS) --dist worksteal -m "not postgresql and not slow" tests/unit tests/contracts tests/properties tests/architecture

.PHONY: check
check: lint types imports fast ## Lint, types, import contracts, fast tests

.PHONY: packages
packages: ## Debian packages that the tests start servers from (as root; otherwise says what is missing)
	@.ci/install-test-packages postgresql unbound nginx caddy prometheus exim4-daemon-light \
		dovecot-core dovecot-imapd dovecot-pop3d dovecot-managesieved dovecot-submissiond \
		chromium fonts-dejavu-core
	@.ci/unpack-postfix "$(VENV)/postfix"

.PHONY: test
test: $(DEVELOPMENT) $(SCANNER) packages ## All tests
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not benchmark and not soak"

.PHONY: coverage
coverage: $(DEVELOPMENT) $(SCANNER) packages ## All tests, with what they do not reach
	@$(BIN)/coverage erase
	@COVERAGE_PROCESS_START=pyproject.toml $(BIN)/coverage run -m pytest -m "not benchmark and not soak"
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

.PHONY: golden
golden: $(DEVELOPMENT) ## Rewrite the golden documents; read the difference before you commit it
	@$(BIN)/pytest -q tests/contracts/test_golden.py tests/contracts/test_dns_records.py \
		tests/contracts/test_instruction_documents.py --update-golden

.PHONY: generated
generated: $(DEVELOPMENT) ## Rewrite openapi/openapi.json, docs/problems/, docs/findings.md and the settings' table
	@$(BIN)/python -m app.api.export

.PHONY: baseline
baseline: generated ## After a release: what later API changes are compared with (docs/releasing.md)
	@cp openapi/openapi.json openapi/released.json
	@sed -i '/^#/!d' tests/contracts/accepted_breaks.txt

BENCH ?= benchmarks.json

.PHONY: bench
bench: $(DEVELOPMENT) $(SCANNER) ## Measure against references in the same run: a table, and a file BENCH of JSON
	@.ci/install-test-packages wrk postgresql
	@$(BIN)/python tests/benchmarks/run.py "$(BENCH)"

.PHONY: charts
charts: $(DEVELOPMENT) ## The figures in docs/performance.md, from the file that bench wrote
	@$(BIN)/python tests/benchmarks/charts.py "$(BENCH)"

.PHONY: soak
soak: $(DEVELOPMENT) $(SCANNER) packages ## The long trials: kill rounds, many generated cases
	@SIGNPOST_HYPOTHESIS_PROFILE=soak SIGNPOST_KILL_ROUNDS=20 SIGNPOST_FUZZ_SECONDS=600 SIGNPOST_API_EXAMPLES=120 \
		SIGNPOST_IDLE_CONNECTIONS=10000 SIGNPOST_SOAK_SECONDS=600 \
		$(BIN)/pytest -q -s tests/integration tests/properties

.PHONY: image-check
image-check: ## Build the Dockerfile without a Docker engine and see it healthy (as root)
	@deploy/image-check

SCREENSHOTS ?= $(or $(TMPDIR),/tmp)/signpost-screenshots

.PHONY: screenshots
screenshots: $(DEVELOPMENT) packages ## The pages as people see them, as pictures in SCREENSHOTS
	@PYTHONPATH=tests $(BIN)/python tests/screenshots.py "$(SCREENSHOTS)"

.PHONY: migration
migration: $(DEVELOPMENT) ## Draft a migration: make migration m="what it does"
	@$(BIN)/signpost migrate
	@$(BIN)/alembic revision --autogenerate -m "$(m)"

.PHONY: lock
lock: $(DEVELOPMENT) ## Pin the newest allowed versions
	@.ci/lock "$(VENV)"

.PHONY: ci
ci: lint types imports test ## What CI runs

.PHONY: clean
clean: ## Remove the environment and caches; the database stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
