# Public sources to raw data, raw data to documents.


for source in jobs.fetched_sources():

    rule:
        name:
            f"fetch_{source.name.replace('-', '_')}"
        output:
            source.fetched if Path(source.fetched).suffix else directory(source.fetched),
        log:
            f"logs/fetch/{source.name}.log",
        benchmark:
            f"logs/fetch/{source.name}.tsv"
        localrule: True  # where a cluster's nodes have no network
        conda:
            "../envs/logire.yaml"
        params:
            source=source.name,
            code=code_of("fetch", source.name),
        shell:
            "python -m logire fetch {params.source:q} --out {output:q} 2>&1 | tee {log:q}"


rule prepare_corpus:
    input:
        lambda wildcards: params_of[wildcards.dataset].raw,
    output:
        [f"results/{{dataset}}/corpus/{name}" for name in files.CORPUS],
    log:
        f"{LOGS}/prepare_corpus.log",
    benchmark:
        f"{LOGS}/prepare_corpus.tsv"
    conda:
        "../envs/logire.yaml"
    params:
        options=lambda wildcards: params_of[wildcards.dataset].prepare_options,
        raw=lambda wildcards: jobs.content(params_of[wildcards.dataset].own_raw),
        out=lambda wildcards, output: jobs.folder(output),
        code=lambda wildcards: code_of(
            "prepare", params_of[wildcards.dataset].source.name
        ),
    shell:
        "python -m logire prepare {params.options:q} --out {params.out:q} 2>&1 | tee {log:q}"
