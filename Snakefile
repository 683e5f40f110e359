# Everything is asked for by its path:
#
#   results/<dataset>/corpus/                               documents in DocRED's format
#   results/<dataset>/runs/backbone/<backbone>/seed<seed>/  a trained backbone and its logits
#   results/<dataset>/runs/logire/<backbone>/seed<seed>/    LogiRE on those logits
#   results/<dataset>/runs/.../metrics-<split>.json         either one, evaluated
#   results/<dataset>/tables/, results/<dataset>/figures/   what the paper prints


configfile: "params/default.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/dataset.smk"
include: "workflow/rules/fetch.smk"


# The second dataset of a run (params key `also`) goes through the same rules under names of its own.
module second:
    snakefile:
        "workflow/dataset.smk"
    config:
        second_params


if second_params:

    use rule * from second as second_*


rule second:
    input:
        pipeline.Paths(second_params).everything if second_params else [],


rule all:
    default_target: True
    input:
        paths.everything,
        rules.second.input,
