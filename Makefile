# Variables that a caller may set: make packs QUARTER=2026Q2 JOBS=4
PYTHON  ?= python3
QUARTER ?=
JOBS    ?=
PARTNER ?= P001

BIN    := .venv/bin
STAMP  := .venv/.made-from-lock
KPILIB := $(BIN)/kpilib
BUILD  := $(KPILIB) build $(QUARTER) $(if $(JOBS),--jobs $(JOBS))
LOCK   := pyproject.toml --all-extras --group dev --universal --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help env packs test test-all check fix golden bench bench-data lab docs lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP)  ## create .venv from the lock
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kpilib needs Python 3.11 or later; name one: make PYTHON=python3.12 env")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

data/sample/partners.csv: | $(STAMP)
	$(KPILIB) sample

packs: env data/sample/partners.csv  ## sample data, all packs of the latest quarter, and the paths to open
	$(BUILD)

test: env  ## the tests, under five minutes on two cores
	$(BIN)/pytest -n auto -m "not slow"

test-all: env  ## the tests, the long ones too
	$(BIN)/pytest -n auto

check: env  ## lint, types, notebooks fit for a batch and without outputs; changes nothing
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/nbstripout --verify notebooks/*.ipynb
	$(KPILIB) lint notebooks/*.ipynb

fix: env  ## mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/nbstripout notebooks/*.ipynb

golden: env  ## write the expected HTML fragments of the tests anew; look at the difference before you commit it
	KPILIB_GOLDEN=write $(BIN)/pytest -q -k golden

bench: env  ## speed and memory beside plain papermill and nbconvert, into docs/benchmarks.md
	$(BIN)/python benchmarks/packs.py

bench-data: env  ## ten million opportunities beside plain pandas, into docs/benchmarks-data.md
	$(BIN)/python benchmarks/data.py

lab: env data/sample/partners.csv  ## JupyterLab with the notebook and a working default partner
	$(BIN)/jupyter lab --ServerApp.root_dir=. notebooks/partner_review.ipynb

docs: env  ## the documentation in site/, the pages that are made from the code, the README's picture, the sample pack
	$(BIN)/python docs/make.py

lock: env  ## write the lock anew from pyproject.toml
	$(BIN)/uv pip compile $(LOCK) --quiet --custom-compile-command "make lock" -o requirements.lock

clean:  ## remove the environment, the store and all packs
	rm -rf .venv .kpilib reports data/sample .pytest_cache .mypy_cache .ruff_cache
