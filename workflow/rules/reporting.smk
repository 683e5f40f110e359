# Metrics to tables and figures.


rule make_table1:
    input:
        f"{paths.results}/corpus/statistics.json",
    output:
        shown(paths.table1, "table1", "Table 1"),
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
        shown(paths.main_results, "main_results", paths.main_title),
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
        shown(paths.figure("figure4"), "figure4", "Figure 4"),
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
        shown(paths.table("table4"), "table4", "Table 4"),
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
        shown(paths.table("table5"), "table5", "Table 5"),
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
        shown(paths.table("relations"), "relations", "F1 by relation"),
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
        shown(paths.figure("figure3"), "figure3", "Figure 3"),
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
        shown(paths.figure5, "figure5", "Figure 5"),
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


rule make_variants:
    input:
        paths.compared,
    output:
        shown(paths.table("variants"), "variants", "Variants"),
    log:
        f"{paths.logs}/make_variants.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire ablations {input:q} --out {params.stem:q} 2>&1 | tee {log:q}"


rule make_frontier:
    input:
        paths.compared,
    output:
        shown(paths.figure("frontier"), "frontier", "F1 against logic"),
    log:
        f"{paths.logs}/make_frontier.log",
    conda:
        "../envs/logire.yaml"
    params:
        stem=lambda wildcards, output: pipeline.stem(output),
        code=pipeline.code("evaluation", "reporting"),
    shell:
        "python -m logire frontier {input:q} --out {params.stem:q} 2>&1 | tee {log:q}"
