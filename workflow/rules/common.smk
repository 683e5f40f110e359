# Params are checked, then everything the rules share comes from logire.pipeline.

import sys

from snakemake.utils import min_version, validate

min_version("9.0")
validate(config, "../schemas/params.schema.yaml", set_default=False)

sys.path.insert(0, "src")

from logire import pipeline

pipeline.set_up_jobs()
paths = pipeline.Paths(config)
second_params = pipeline.second_params(config)


wildcard_constraints:
    backbone="|".join(pipeline.BACKBONES),
    seed=r"\d+",
    fold=r"\d+of\d+",
    method=f"backbone|{pipeline.FITTED}",
    split="train|dev|test",


def shown(files, what, title):
    """Result files, those that a reader can look at marked for `snakemake --report`."""

    def marked(file):
        labels = {"what": title, "file": file.rsplit("/", 1)[-1]}
        caption = f"../report/{what}.rst"
        return report(file, caption=caption, category=config["dataset"], labels=labels)

    return [marked(f) if f.endswith((".html", ".png")) else f for f in files]
