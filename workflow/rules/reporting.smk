# Metrics to tables and figures: one rule for each exhibit of the package.


for exhibit in files.workflow_exhibits():

    rule:
        name:
            f"make_{exhibit.name}"
        input:
            lambda wildcards, exhibit=exhibit: params_of[
                wildcards.dataset
            ].exhibit_inputs(exhibit),
        output:
            [
                (
                    report(
                        file,
                        caption=f"../report/{exhibit.name}.rst",
                        category="{dataset}",
                        labels=jobs.labels(file, exhibit.title),
                    )
                    if file.endswith((".html", ".png"))
                    else file
                )
                for file in exhibit.files("results/{dataset}")
            ],
        log:
            f"{LOGS}/{exhibit.name}.log",
        benchmark:
            f"{LOGS}/{exhibit.name}.tsv"
        conda:
            "../envs/logire.yaml"
        params:
            options=lambda wildcards, exhibit=exhibit: params_of[
                wildcards.dataset
            ].report_options(exhibit),
            code=code_of.report(exhibit),
        shell:
            "python -m logire report {params.options:q} 2>&1 | tee {log:q}"


rule make_explanations:
    input:
        lambda wildcards: params_of[wildcards.dataset].explained,
    output:
        "results/{dataset}/report/explanations.html",
    log:
        f"{LOGS}/make_explanations.log",
    benchmark:
        f"{LOGS}/make_explanations.tsv"
    conda:
        "../envs/logire.yaml"
    params:
        run=lambda wildcards: params_of[wildcards.dataset].shown[1],
        code=code_of("browse"),
    shell:
        "python -m logire browse {params.run:q} --out {output:q} 2>&1 | tee {log:q}"
