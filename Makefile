# `make demo` and `make test` need git, make and Python 3.11 or newer; everything else goes into .venv.
SHELL := /bin/sh
.SHELLFLAGS := -ec
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTEST_FLAGS ?= -n 2

.PHONY: demo test check docs bench clean

demo: $(VENV)/.installed
	"$(RUN)" -m branchline demo

test: $(VENV)/.installed-dev
	"$(RUN)" -m pytest $(PYTEST_FLAGS)

check: $(VENV)/.installed-dev
	"$(RUN)" -m ruff check .
	"$(RUN)" -m ruff format --check .
	"$(RUN)" -m mypy
	"$(VENV)/bin/lint-imports"
	"$(RUN)" -m pytest -q tests/test_house.py

docs: $(VENV)/.installed-dev
	"$(RUN)" docs/generate.py

bench: $(VENV)/.installed-dev
	for file in benchmarks/*.py; do echo "== $$file"; "$(RUN)" "$$file"; done

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found; install it, or say make PYTHON=/path/to/python3"; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

# PYTHONDONTWRITEBYTECODE in the environment would make every start compile anew, so the bytecode is written here.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	"$(RUN)" -m pip install --quiet --editable .
	"$(RUN)" -m compileall -q src $$("$(RUN)" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || true
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	"$(RUN)" -m pip install --quiet --editable '.[dev]'
	touch $@
