# One dataset from raw data to tables and figures.


include: "rules/common.smk"
include: "rules/corpus.smk"
include: "rules/models.smk"
include: "rules/reporting.smk"
include: "rules/targets.smk"
