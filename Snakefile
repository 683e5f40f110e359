# Everything is asked for by its path; the params of a dataset are in params/<dataset>.yaml:
#
#   results/<dataset>/corpus/                               documents in DocRED's format
#   results/<dataset>/runs/backbone/<backbone>/seed<seed>/  a trained backbone and its logits
#   results/<dataset>/runs/logire/<backbone>/seed<seed>/    LogiRE on those logits
#   results/<dataset>/runs/.../metrics-<split>.json         either one, evaluated
#   results/<dataset>/tables/, results/<dataset>/figures/   what the paper prints


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/reporting.smk"
include: "workflow/rules/targets.smk"


rule all:
    default_target: True
    input:
        [dataset.everything for dataset in datasets],
