# Public sources to raw data, the same for every dataset of a run.


rule fetch_dwie:
    output:
        pipeline.FETCHED["dwie"],
    log:
        f"{paths.logs}/fetch_dwie.log",
    localrule: True  # where a cluster's nodes have no network
    conda:
        "../envs/logire.yaml"
    params:
        code=pipeline.code("corpus/fetch.py"),
    shell:
        "python -m logire fetch dwie --out {output:q} 2>&1 | tee {log:q}"


rule fetch_docred_partial:
    output:
        directory(pipeline.FETCHED["docred-partial"]),
    log:
        f"{paths.logs}/fetch_docred_partial.log",
    localrule: True  # where a cluster's nodes have no network
    conda:
        "../envs/logire.yaml"
    params:
        code=pipeline.code("corpus/fetch.py"),
    shell:
        "python -m logire fetch docred-partial --out {output:q} 2>&1 | tee {log:q}"
