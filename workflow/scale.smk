# LogiRE+ on shards, each step in parts that run side by side, here or on a cluster (docs/scale.md):
#
#   snakemake -s workflow/scale.smk --cores 8 --config shards=shards dev=documents logits=logits.safetensors out=run

import sys

sys.path[:0] = ["src", "."]

from workflow.lib import jobs
from workflow.lib.scale import stopping

jobs.set_up()
# as in rules/common.smk
shell.prefix(
    "set -euo pipefail; export PYTHONPATH={jobs.SOURCE.parent:q}${{PYTHONPATH:+:$PYTHONPATH}}; "
)
chosen = stopping(config)
MARKS = chosen.marks


scattergather:
    part=chosen.parts,


wildcard_constraints:
    round="[1-9]",


localrules:
    fitted,


rule fitted:
    default_target: True
    input:
        f"{chosen.out}/run.json",


rule count:
    input:
        f"{chosen.shards}/shards.json",
    output:
        touch(f"{MARKS}/count-{{scatteritem}}"),
    log:
        f"{MARKS}/count-{{scatteritem}}.log",
    conda:
        "envs/logire.yaml"
    params:
        given=chosen.words,
        part=lambda wildcards: wildcards.scatteritem.replace("-of-", "/"),
    shell:
        "python -m logire scale count {params.given:q} --part {params.part:q} 2>&1 | tee {log:q}"


rule rows:
    input:
        lambda wildcards: (
            gather.part(f"{MARKS}/count-{{scatteritem}}")
            if wildcards.round == "1"
            else f"{MARKS}/chosen{int(wildcards.round) - 1}"
        ),
    output:
        touch(f"{MARKS}/rows{{round}}-{{scatteritem}}"),
    log:
        f"{MARKS}/rows{{round}}-{{scatteritem}}.log",
    conda:
        "envs/logire.yaml"
    params:
        given=chosen.words,
        part=lambda wildcards: wildcards.scatteritem.replace("-of-", "/"),
    shell:
        "python -m logire scale rows {params.given:q} --round {wildcards.round:q} --part {params.part:q} 2>&1 | tee {log:q}"


rule weigh:
    input:
        gather.part(f"{MARKS}/rows{{{{round}}}}-{{scatteritem}}"),
    output:
        touch(f"{MARKS}/weigh{{round}}-{{scatteritem}}"),
    log:
        f"{MARKS}/weigh{{round}}-{{scatteritem}}.log",
    conda:
        "envs/logire.yaml"
    params:
        given=chosen.words,
        part=lambda wildcards: wildcards.scatteritem.replace("-of-", "/"),
    shell:
        "python -m logire scale weigh {params.given:q} --round {wildcards.round:q} --part {params.part:q} 2>&1 | tee {log:q}"


rule choose:
    input:
        gather.part(f"{MARKS}/weigh{{{{round}}}}-{{scatteritem}}"),
        chosen.logits,
    output:
        touch(f"{MARKS}/chosen{{round}}"),
    log:
        f"{MARKS}/chosen{{round}}.log",
    conda:
        "envs/logire.yaml"
    params:
        given=chosen.words,
    shell:
        "python -m logire scale choose {params.given:q} --round {wildcards.round:q} 2>&1 | tee {log:q}"


rule fit:
    input:
        f"{MARKS}/chosen{chosen.rounds}",
        chosen.logits,
    output:
        f"{chosen.out}/run.json",
    log:
        f"{MARKS}/fit.log",
    conda:
        "envs/logire.yaml"
    params:
        given=chosen.words,
    shell:
        "python -m logire scale fit {params.given:q} 2>&1 | tee {log:q}"
