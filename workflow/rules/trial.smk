# Every rule method on the same logits, and what each of them gains: `snakemake trial` (docs/trial.md).


rule try_methods:
    input:
        lambda wildcards: params_of[wildcards.dataset].corpus,
        lambda wildcards: params_of[wildcards.dataset].evaluated_with,
        f"{files.BACKBONE_RUN}/logits.safetensors",
        lambda wildcards: [
            f"{folder}/{name}"
            for folder in params_of[wildcards.dataset].fold_runs(
                wildcards.backbone, wildcards.seed
            )
            for name in ("run.json", "logits.safetensors")
        ],
        run=f"{files.BACKBONE_RUN}/run.json",
    output:
        trials.TRIAL,
    log:
        f"{LOGS}/try_methods/{{backbone}}-seed{{seed}}.log",
    benchmark:
        f"{LOGS}/try_methods/{{backbone}}-seed{{seed}}.tsv"
    conda:
        "../envs/logire.yaml"
    resources:
        **jobs.fitting_resources(params_of),
    params:
        run=lambda wildcards, input: jobs.folder([input.run]),
        documents=lambda wildcards, input: jobs.folder(input),
        folds=lambda wildcards: [
            f"--fold={folder}"
            for folder in params_of[wildcards.dataset].fold_runs(
                wildcards.backbone, wildcards.seed
            )
        ],
        rules=lambda wildcards: [
            f"--gold-rules={file}"
            for file in params_of[wildcards.dataset].evaluated_with
        ],
        user_files=lambda wildcards: jobs.content(
            params_of[wildcards.dataset].evaluated_with
        ),
        code=code_of("trial"),
    shell:
        "python -m logire trial run {params.run:q} --documents {params.documents:q} {params.folds:q} {params.rules:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule make_trial:
    input:
        lambda wildcards: trials.trials(params_of[wildcards.dataset]),
    output:
        trials.tables("{dataset}"),
    log:
        f"{LOGS}/make_trial.log",
    benchmark:
        f"{LOGS}/make_trial.tsv"
    conda:
        "../envs/logire.yaml"
    params:
        out=lambda wildcards, output: output[0].removesuffix(".csv"),
        code=code_of("trial table"),
    shell:
        "python -m logire trial report {input:q} --out {params.out:q} 2>&1 | tee {log:q}"
