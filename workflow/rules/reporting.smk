# Metrics to tables and figures.


rule make_table1:
    input:
        f"{paths.results}/corpus/statistics.json",
    output:
        paths.table1,
    log:
        f"{paths.logs}/make_table1.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("reporting"),
    shell:
        "python -m logire table1 {input:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_main_results:
    input:
        paths.metrics("dev", "test"),
    output:
        paths.main_results,
    log:
        f"{paths.logs}/make_main_results.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        title=paths.main_title,
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire table2 {input:q} --out {params.stem:q} --title {params.title:q} 2>&1 | tee {log:q}"


rule make_summary:
    input:
        paths.metrics("dev", "test"),
    output:
        paths.summary,
    log:
        f"{paths.logs}/make_summary.log",
    conda:
        "../envs/logire.yaml"
    params:
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire summary {input:q} --out {output:q} 2>&1 | tee {log:q}"


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


rule make_table4:
    input:
        paths.corpus,
        config["table4"]["rules"] or [],
    output:
        paths.table("table4"),
    log:
        f"{paths.logs}/make_table4.log",
    conda:
        "../envs/logire.yaml"
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        stem=lambda wildcards, output: pipeline.stem(output),
        options=pipeline.table4_options(config["table4"]),
        rules=pipeline.content(config["table4"]["rules"]),
        code=pipeline.code("corpus", "evaluation", "reporting"),
    shell:
        "python -m logire table4 --documents {params.documents:q} {params.options} --out {params.stem:q}"
        " 2>&1 | tee {log:q}"


rule make_table5:
    input:
        rules=paths.shown("logire", "rules.csv"),
        run=paths.shown("logire", "run.json"),
    output:
        paths.table("table5"),
    log:
        f"{paths.logs}/make_table5.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire table5 {input.rules:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_relations:
    input:
        paths.metrics("test"),
    output:
        paths.table("relations"),
    log:
        f"{paths.logs}/make_relations.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        backbone=config["figure4"]["backbone"],
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire relations {input:q} --out {params.stem:q} --backbone {params.backbone} 2>&1 | tee {log:q}"


rule make_figure3:
    input:
        paths.corpus,
    output:
        paths.figure("figure3"),
    log:
        f"{paths.logs}/make_figure3.log",
    conda:
        "../envs/logire.yaml"
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("corpus", "reporting"),
    shell:
        "python -m logire figure3 {params.documents:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_figure5:
    input:
        paths.corpus,
        explanations=paths.shown("logire", "explanations-test.jsonl"),
        backbone=paths.shown("backbone", "predictions-test.json"),
    output:
        paths.figure5,
    log:
        f"{paths.logs}/make_figure5.log",
    conda:
        "../envs/logire.yaml"
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("corpus", "reporting"),
    shell:
        "python -m logire figure5 {input.explanations:q} --backbone-predictions {input.backbone:q}"
        " --documents {params.documents:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_explanations:
    input:
        paths.corpus,
        explanations=paths.shown("logire", "explanations-test.jsonl"),
        backbone=paths.shown("backbone", "predictions-test.json"),
    output:
        paths.explanations,
    log:
        f"{paths.logs}/make_explanations.log",
    conda:
        "../envs/logire.yaml"
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        code=pipeline.code("corpus", "reporting"),
    shell:
        "python -m logire browse {input.explanations:q} --backbone-predictions {input.backbone:q}"
        " --documents {params.documents:q} --out {output:q} 2>&1 | tee {log:q}"
