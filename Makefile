# Two commands, each works as the first one ever run:
#   make reproduce   set up, then rebuild the tables and figures on the embedded corpus
#   make test        set up, then run the tests (make test-long: those that take minutes by their nature)
# Three more for the artifacts that DVC records (docs/dvc.md):
#   make record      rebuild what is not up to date and record it in dvc.lock
#   make pull        bring the artifacts that dvc.lock names, verify every byte, mark them up to date; from a web
#                    server: make pull REMOTE=https://host/path
#   make publish     bring the recorded artifacts to the remote
# Two for others (docs/release.md):
#   make docs        build the documentation as a site, into build/site/
#   make release     put what was measured into release/logire-VERSION/; also: RUNS=/path/to/results/dwie/runs
# Needed: Python 3.11, make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
MINUTES ?= 10
READY := $(VENV)/.ready
REMOTE ?=
RUNS ?=
VERSION ?=

# the commands in dvc.yaml and in the rules find the environment's Python
export PATH := $(abspath $(BIN)):$(PATH)
export CORES

.PHONY: reproduce record pull fresh publish release docs test test-long fuzz check clean

reproduce: $(READY)
	$(BIN)/snakemake --cores $(CORES)
	@echo "Tables and figures are in results/embedded/"

# DVC looks at the bytes of a file whose time it knows no more: what has changed is found before, and made anew.
record: $(READY)
	$(BIN)/python workflow/dvc_stage.py --check
	$(BIN)/dvc repro
	@echo "Now commit dvc.lock, then: make publish"

# A remote of the call is kept in .dvc/config.local, which git ignores; what is damaged on it is refused.
pull: $(READY)
ifeq ($(REMOTE),)
	$(BIN)/dvc pull
else
	$(BIN)/dvc remote add --quiet --local --force given '$(REMOTE)'
	$(BIN)/dvc remote modify --local given verify true
	$(BIN)/dvc pull --remote given
endif
	$(MAKE) fresh

# Results that are byte for byte what dvc.lock says count as Snakemake's own. DVC remembers the hash of a file it once
# saw, so the check starts from an empty memory.
fresh: $(READY)
	@memory=$$(mktemp -d); DVC_SITE_CACHE_DIR=$$memory $(BIN)/dvc status -q; found=$$?; \
	if [ $$found != 0 ]; then DVC_SITE_CACHE_DIR=$$memory $(BIN)/dvc status; fi; rm -rf $$memory; \
	if [ $$found != 0 ]; then echo "Not as dvc.lock says: nothing is marked fresh." >&2; exit 1; fi
	$(BIN)/python workflow/dvc_stage.py --fresh

publish: $(READY)
	@$(BIN)/dvc status -q || { echo "Results and dvc.lock differ: make record first" >&2; exit 1; }
	$(BIN)/dvc push

release: $(READY)
	$(BIN)/python -m workflow.lib.release $(VERSION) $(if $(RUNS),--runs '$(RUNS)')

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not long" -n auto --dist loadfile --no-loadscope-reorder

# Kills, a full disk, Slurm, conda.
test-long: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m long -n auto --dist loadfile

# Every reader on damaged files, for as long as is given: make fuzz MINUTES=10
fuzz: $(READY)
	OMP_NUM_THREADS=1 FUZZ_MINUTES=$(MINUTES) $(BIN)/python -m pytest -m long tests/hostile/test_fuzz.py

# Fails at the first warning.
docs: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python docs/site/build.py build/site
	@echo "The site is in build/site/index.html"

# What CI checks beside the tests.
check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	$(BIN)/snakemake --lint

# A lock file changes: the environment is brought up to date.
$(READY): $(wildcard requirements*.lock) workflow/envs/logire.post-deploy.sh pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else "Python 3.11 or newer is needed (make PYTHON=/path/to/python3.11), this is %d.%d" % v)'
	$(PYTHON) -m venv $(VENV)
	sh workflow/envs/logire.post-deploy.sh
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

clean:
	rm -rf $(VENV) .snakemake
