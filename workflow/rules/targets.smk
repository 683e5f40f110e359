# Names for what can be asked for: `snakemake backbones`. The stages of dvc.yaml ask for these.


rule prepare:
    input:
        paths.corpus,


rule backbones:
    input:
        paths.metrics("dev", "test", methods=("backbone",)),


rule folds:
    input:
        paths.folds,


rule logire:
    input:
        paths.metrics("dev", "test", methods=paths.methods[1:]),


rule tables:
    input:
        paths.tables,
        paths.summary,


rule figures:
    input:
        paths.figures,


rule report:
    input:
        paths.explanations,


rule variants:
    input:
        paths.variants,
