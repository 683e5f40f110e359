# The workflow stands in workflow/Snakefile, where Snakemake's catalogue and `snakedeploy` look for it; with this file,
# `snakemake` finds it from the top folder.


include: "workflow/Snakefile"


# Snakemake takes no default target from a file that is included.
workflow.default_target = "all"
