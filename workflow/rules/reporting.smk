# Metrics to tables and figures.


rule make_table1:
    input:
        f"{paths.results}/corpus/statistics.json",
    output:
        paths.table("table1"),
    log:
        f"{paths.logs}/make_table1.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("reporting"),
    shell:
        "python -m logire table1 {input:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_table2:
    input:
        paths.metrics("dev", "test"),
    output:
        paths.table2,
    log:
        f"{paths.logs}/make_table2.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire table2 {input:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_figure4:
    input:
        paths.metrics("test"),
    output:
        paths.figure("figure4"),
    log:
        f"{paths.logs}/make_figure4.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        backbone=config["figure4"]["backbone"],
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire figure4 {input:q} --out {params.stem:q} --backbone {params.backbone} 2>&1 | tee {log:q}"
