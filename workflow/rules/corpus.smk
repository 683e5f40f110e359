# Raw data to documents.


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
        options=pipeline.prepare_options(config),
        raw=pipeline.content(config["data"]["raw"]),
        out=lambda wildcards, output: pipeline.folder(output),
        code=pipeline.code("corpus"),
    shell:
        "python -m logire prepare {params.options} --out {params.out:q} 2>&1 | tee {log:q}"
