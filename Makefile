# The verbs of this house. `make run` and `make test` need python3 (3.11 or later) and make, no more.

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
SOURCES := finops org ingestion policy budgets dashboard tokenops tests tools benchmarks \
	sidecar/tokenops_sidecar sidecar/tests

LITELLM := .venv-litellm

.PHONY: help setup run test lint types floors fix check bench bench-faults vendor
.PHONY: setup-litellm lock-litellm test-loop
.DELETE_ON_ERROR:

help:
	@echo "make setup   the virtual environment with the locked dependencies"
	@echo "make run     the whole product in the foreground; PORT=8000"
	@echo "make test    the whole test suite"
	@echo "make check   what CI runs: lint types floors, Django's checks, migrations, tests"
	@echo "make fix     mend what the linters can mend"
	@echo "make bench   the benchmarks, into benchmarks/results/"
	@echo "make bench-faults  a million rows while workers, database and broker are killed"
	@echo "make test-loop  LiteLLM's proxy with the sidecar in it, against a real server"
	@echo "make vendor  fetch the vendored browser files anew, as vendor.toml pins them"

setup: $(VENV)/.synced

$(VENV)/.uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "TokenOps needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) cannot make virtual environments here. On Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

# Inexact: uv itself lives in the environment and stands in no lock. Behind a proxy that signs
# for others, only the machine's own certificates are believed: the second try asks them.
UV_SYNC := UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --quiet --frozen --inexact
$(VENV)/.synced: $(VENV)/.uv-$(UV_VERSION) uv.lock pyproject.toml
	$(UV_SYNC) || $(UV_SYNC) --system-certs
	@touch $@

run: setup
	@exec $(BIN)/python -m tokenops.supervisor

# Processes take over from each other, for some tests take a thousand times as long as others. What
# Python compiles is kept for the processes that tests start, even where the shell forbids to write
# it beside the sources.
test: export PYTHONDONTWRITEBYTECODE :=
test: export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/compiled
test: setup
	$(BIN)/pytest -n 2 --dist worksteal

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	find templates -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --check --target-version 5.2

types: setup
	$(BIN)/mypy $(wildcard $(SOURCES))

floors: setup
	PYTHONPATH=sidecar $(BIN)/lint-imports

fix: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	find templates -name '*.html' -print0 | xargs -0 -r $(BIN)/djade --target-version 5.2

# Not a word to the database: as production would be set, and on a checkout that never ran.
.PHONY: django
django: setup
	TOKENOPS_BASE_URL=https://tokenops.example ALLOWED_HOSTS=tokenops.example \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run

check: lint types floors django test

bench: setup
	$(BIN)/python -m benchmarks

bench-faults: setup
	$(BIN)/python -m benchmarks.faults

# LiteLLM pins versions that clash with ours, so it lives apart, and finds the sidecar by its path.
UV_PIP_SYNC := $(BIN)/uv pip sync --quiet --require-hashes --python $(LITELLM)/bin/python
setup-litellm: $(LITELLM)/.synced
$(LITELLM)/.synced: sidecar/requirements-litellm.txt | setup
	$(PYTHON) -m venv $(LITELLM)
	$(UV_PIP_SYNC) $< || $(UV_PIP_SYNC) --system-certs $<
	$(LITELLM)/bin/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "tokenops_sidecar.pth").write_text("$(CURDIR)/sidecar\n")'
	@touch $@

lock-litellm: setup
	cd sidecar && ../$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 \
		--system-certs requirements-litellm.in --output-file requirements-litellm.txt

test-loop: setup setup-litellm
	TOKENOPS_TEST_LOOP=1 $(BIN)/pytest -p no:xdist tests/loop

vendor: setup
	$(BIN)/python tools/vendor.py
