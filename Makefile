# Two commands, each works as the first one ever run:
#   make reproduce   set up, then rebuild the tables and figures on the embedded corpus
#   make test        set up, then run the tests
# Needed: Python 3.11, make, a C compiler.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
READY := $(VENV)/.ready

.PHONY: reproduce test check clean

reproduce: $(READY)
	$(BIN)/snakemake --cores $(CORES)
	@echo "Tables and figures are in results/embedded/"

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

# What CI checks beside the tests.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/snakemake --lint

# The lock file changes: the environment is brought up to date.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11), this is %d.%d" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $(READY)

clean:
	rm -rf $(VENV) .snakemake
