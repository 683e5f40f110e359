# The params of every dataset, checked before any job, and what the rules share.

import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.0")
sys.path[:0] = ["src", "."]

from workflow.lib import datasets as files, jobs, trials
from workflow.lib.code import Code
from workflow.lib.memory import keep_within_memory
from workflow.lib.progress import Progress, measured

jobs.set_up()
keep_within_memory(workflow)
# A job runs this checkout's code, in a conda environment and in a container too: several checkouts may share these, and
# Snakemake takes PYTHONPATH away from conda's. The first words are Snakemake's own prefix.
shell.prefix(
    "set -euo pipefail; export PYTHONPATH={jobs.SOURCE.parent:q}${{PYTHONPATH:+:$PYTHONPATH}}; "
)
params_of = jobs.StoppingConfig(config, workflow.overwrite_configfiles)
datasets = params_of.datasets
code_of = jobs.CodeOf(Code(jobs.SOURCE, Path(".snakemake/code.json")))

Progress.listen(logger, measured(Path("logs").glob("*/*/*.tsv")))

LOGS = "logs/{dataset}"


# With --software-deployment-method apptainer, and only then: an image that you build (docs/containers.md).
container: "logire.sif"


wildcard_constraints:
    dataset="[A-Za-z0-9_-]+",
    backbone="[a-z0-9_]+",
    seed=r"\d+",
    fold=r"\d+of\d+",
    method=f"{files.BACKBONE}|{files.FITTED}",
    split="dev|test",
