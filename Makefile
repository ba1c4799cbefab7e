# Needs Python 3.11+ with venv, and make; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PO := zone/locale/zh_Hans/LC_MESSAGES/django.po zone/locale/en/LC_MESSAGES/django.po
MO := $(PO:.po=.mo)
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help start test lint bench lock messages clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[.a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

start: $(STAMP) messages  ## Serve on http://127.0.0.1:8000/ (PORT=8001 make start for another port)
	@exec $(RUN) manage.py start $(ARGS)

test: $(STAMP) messages  ## Run the tests (ARGS="-k leads", ARGS="-m ''" for the slow ones too)
	@exec $(RUN) -m pytest -n auto --maxprocesses=4 --dist worksteal $(ARGS)

lint: $(STAMP)  ## Check style, formatting and missing migrations
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	@$(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

bench: $(STAMP) messages  ## Time pages, feed, interface, imports, a phone and many clients (ARGS="--leads 100000")
	@$(RUN) manage.py bench $(ARGS)
	@$(RUN) manage.py bench_feed
	@$(RUN) manage.py bench_api
	@$(RUN) manage.py bench_imports
	@$(RUN) manage.py bench_phone
	@$(RUN) manage.py bench_load

lock: $(STAMP)  ## Compile requirements.lock anew from pyproject.toml
	$(RUN) -m pip install --quiet "uv>=0.9,<1"
	$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --quiet \
	  --custom-compile-command "make lock" --output-file requirements.lock $(ARGS)

messages: $(MO)

# The catalogue is compiled in Python: no system gettext is asked for.
$(MO): $(wildcard $(PO)) | $(STAMP)
	@if [ -e $(firstword $(PO)) ]; then $(RUN) manage.py messages --compile; fi

.venv: $(STAMP)  ## Make .venv and install requirements.lock into it

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "make: $(PYTHON) is not Python 3.11 or newer: name one, as in make start PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) lacks venv: on Debian run apt-get install python3-venv, then make again" >&2; exit 1; }
	@test -w . || \
	  { echo "make: this folder cannot be written: give yourself the right with chown -R $$USER $(CURDIR), or clone it elsewhere" >&2; exit 1; }
	@echo "Installing into $(VENV) (about a minute the first time) ..."
	@test -x $(RUN) && $(RUN) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@rm -f $@
	@( $(RUN) -m pip install --disable-pip-version-check --progress-bar off --require-hashes \
	     --only-binary :all: -r requirements.lock && touch $@ ) \
	  | grep --line-buffered -E '^(Collecting|Installing|Successfully)' | cut -c 1-100; \
	  test -e $@ || { echo "make: installing failed: see above; run make again when it is cured" >&2; exit 1; }

clean:  ## Remove .venv (the data under var/ stays)
	rm -rf $(VENV)
