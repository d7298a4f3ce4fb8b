# Two commands: `make demo` and `make test`. Everything else deepens one of them.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint clean

help:            ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

setup: $(VENV)/.done  ## make .venv with every pinned package

$(VENV)/.done: requirements.txt pyproject.toml
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@echo "setup: installing the pinned packages into $(VENV) (about a minute)"
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

test: setup      ## lint, type-check and the fast tests
	@infra/ci/check.sh
	@python -m pytest -m "not slow and not broker and not fuzz"

clean:           ## remove the environment and everything the demo made
	@rm -rf $(VENV) .demo .cache
