# The params of every dataset, checked before any job, and what the rules share.

import sys
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.0")
sys.path[:0] = ["src", "."]

from workflow.lib import datasets as files, jobs
from workflow.lib.code import Code
from workflow.lib.progress import Progress, measured

jobs.set_up()
params_of = jobs.StoppingConfig(config, workflow.overwrite_configfiles)
datasets = params_of.datasets
code_of = jobs.CodeOf(Code(jobs.SOURCE, Path(".snakemake/code.json")))

Progress.listen(logger, measured(Path("logs").glob("*/*/*.tsv")))

LOGS = "logs/{dataset}"


wildcard_constraints:
    dataset="[A-Za-z0-9_-]+",
    backbone="[a-z0-9_]+",
    seed=r"\d+",
    fold=r"\d+of\d+",
    method=f"{files.BACKBONE}|{files.FITTED}",
    split="dev|test",
