# Raw data to documents.


rule fetch_dwie:
    output:
        pipeline.FETCHED,
    log:
        f"{paths.logs}/fetch_dwie.log",
    conda:
        "../envs/logire.yaml"
    params:
        code=pipeline.code("corpus/fetch.py"),
    shell:
        "python -m logire fetch --out {output:q} 2>&1 | tee {log:q}"


rule prepare_corpus:
    input:
        paths.raw,
    output:
        paths.corpus,
    log:
        f"{paths.logs}/prepare_corpus.log",
    conda:
        "../envs/logire.yaml"
    params:
        source=config["data"]["source"],
        options=pipeline.prepare_options(config),
        out=lambda wildcards, output: pipeline.folder(output),
        code=pipeline.code("corpus"),
    shell:
        "python -m logire prepare {params.source} {params.options} --out {params.out:q} 2>&1 | tee {log:q}"
