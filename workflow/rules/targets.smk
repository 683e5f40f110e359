# Names for what can be asked for: `snakemake runs`. They stand for every dataset of the call.


rule corpus:
    input:
        [dataset.corpus for dataset in datasets],


rule runs:
    input:
        [dataset.runs_files for dataset in datasets],


rule results:
    input:
        [dataset.everything for dataset in datasets],


rule tables:
    input:
        [dataset.exhibit_files("tables") for dataset in datasets],


rule figures:
    input:
        [dataset.exhibit_files("figures") for dataset in datasets],


rule trial:
    input:
        [trials.tables(dataset.name) for dataset in datasets],
