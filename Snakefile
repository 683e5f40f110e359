# Everything is asked for by its path:
#
#   results/<dataset>/corpus/                               documents in DocRED's format
#   results/<dataset>/runs/<backbone>/seed<seed>/backbone/  a trained backbone and its logits
#   results/<dataset>/runs/<backbone>/seed<seed>/logire/    LogiRE on those logits
#   results/<dataset>/runs/.../metrics-<split>.json         either one, evaluated
#   results/<dataset>/tables/, results/<dataset>/figures/   what the paper prints


configfile: "params/default.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/reporting.smk"


rule all:
    default_target: True
    input:
        paths.everything,
