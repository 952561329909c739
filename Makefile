# `make demo` and `make test` need git, make and Python 3.11 or newer; everything else goes into .venv.
SHELL := /bin/sh
VENV := .venv
RUN := $(VENV)/bin/python
# The first of these that is new enough; `make PYTHON=/path/to/python3` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
PYTEST_FLAGS ?= -n auto --maxprocesses 8 --dist worksteal
# Bytecode is written here, whatever the environment says: without it every start would compile anew.
COMPILE := unset PYTHONDONTWRITEBYTECODE; "$(RUN)" -m compileall -q

.PHONY: demo test check docs bench

demo: $(VENV)/.installed
	@$(COMPILE) src
	@"$(RUN)" -m branchline demo

test: $(VENV)/.installed-dev
	@$(COMPILE) src
	@"$(RUN)" -m pytest $(PYTEST_FLAGS)

check: $(VENV)/.installed-dev
	"$(RUN)" -m ruff check .
	"$(RUN)" -m ruff format --check .
	"$(RUN)" -m mypy
	"$(VENV)/bin/lint-imports"
	"$(RUN)" -m pytest -q tests/test_house.py tests/test_docs.py

docs: $(VENV)/.installed-dev
	"$(RUN)" docs/generate.py

bench: $(VENV)/.installed
	@$(COMPILE) src
	@for file in benchmarks/*.py; do echo "== $$file"; "$(RUN)" "$$file" || true; echo; done

# A virtual environment that was left half made has no pip that answers, and is made again.
$(VENV)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || test -x "$(RUN)" || { echo "Python 3.11 or newer was not found; install it, or say make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(RUN)" -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV)
	"$(RUN)" -m pip install --quiet --editable .
	@$(COMPILE) "$$("$(RUN)" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" || true
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	"$(RUN)" -m pip install --quiet --editable '.[dev]'
	@touch $@
