# Documents to logits, logits to rules, either to predictions and metrics.


rule train_backbone:
    input:
        lambda wildcards: params_of[wildcards.dataset].corpus,
    output:
        [
            f"{files.BACKBONE_RUN}/{name}"
            for name in (
                "model.safetensors",
                "logits.safetensors",
                "settings.json",
                "history.csv",
                *files.PREDICTIONS,
                "run.json",
            )
        ],
    log:
        f"{LOGS}/train_backbone/{{backbone}}-seed{{seed}}.log",
    benchmark:
        f"{LOGS}/train_backbone/{{backbone}}-seed{{seed}}.tsv"
    # the longest jobs first, so that none is left alone at the end
    priority: 1
    conda:
        "../envs/logire.yaml"
    resources:
        **jobs.training_resources(params_of),
    params:
        documents=lambda wildcards, input: jobs.folder(input),
        out=lambda wildcards, output: jobs.folder(output),
        device=lambda wildcards: params_of[wildcards.dataset].params.device,
        settings=lambda wildcards: params_of[wildcards.dataset].backbone_settings(
            wildcards.backbone
        ),
        code=lambda wildcards: code_of("train", wildcards.backbone),
    shell:
        "python -m logire train {wildcards.backbone:q} --documents {params.documents:q} --out {params.out:q}"
        " --seed {wildcards.seed:q} --device {params.device:q} --settings {params.settings:q}"
        " --overwrite 2>&1 | tee {log:q}"


rule train_fold:
    input:
        lambda wildcards: params_of[wildcards.dataset].corpus,
    output:
        [
            f"{files.FOLD}/{name}"
            for name in ("logits.safetensors", "history.csv", "run.json")
        ],
    log:
        f"{LOGS}/train_fold/{{backbone}}-seed{{seed}}-{{fold}}.log",
    benchmark:
        f"{LOGS}/train_fold/{{backbone}}-seed{{seed}}-{{fold}}.tsv"
    conda:
        "../envs/logire.yaml"
    resources:
        **jobs.training_resources(params_of),
    params:
        documents=lambda wildcards, input: jobs.folder(input),
        out=lambda wildcards, output: jobs.folder(output),
        fold=lambda wildcards: wildcards.fold.replace("of", "/"),
        device=lambda wildcards: params_of[wildcards.dataset].params.device,
        settings=lambda wildcards: params_of[wildcards.dataset].backbone_settings(
            wildcards.backbone
        ),
        code=lambda wildcards: code_of("train", wildcards.backbone),
    shell:
        "python -m logire train {wildcards.backbone:q} --documents {params.documents:q} --out {params.out:q}"
        " --seed {wildcards.seed:q} --fold {params.fold:q} --device {params.device:q} --settings {params.settings:q}"
        " --overwrite 2>&1 | tee {log:q}"


rule fit_logire:
    input:
        lambda wildcards: params_of[wildcards.dataset].corpus,
        f"{files.BACKBONE_RUN}/run.json",
        lambda wildcards: params_of[wildcards.dataset].fitted_with(wildcards.method),
        logits=f"{files.BACKBONE_RUN}/logits.safetensors",
        folds=lambda wildcards: params_of[wildcards.dataset].out_of_fold(
            wildcards.method, wildcards.backbone, wildcards.seed
        ),
    output:
        [
            f"{files.RUN}/{name}"
            for name in ("model.safetensors", "rules.csv", "history.csv", "run.json")
        ],
    log:
        f"{LOGS}/fit_logire/{{backbone}}-seed{{seed}}-{{method}}.log",
    benchmark:
        f"{LOGS}/fit_logire/{{backbone}}-seed{{seed}}-{{method}}.tsv"
    wildcard_constraints:
        method=files.FITTED,
    conda:
        "../envs/logire.yaml"
    resources:
        **jobs.fitting_resources(params_of),
    params:
        documents=lambda wildcards, input: jobs.folder(input),
        out=lambda wildcards, output: jobs.folder(output),
        device=lambda wildcards: params_of[wildcards.dataset].params.device,
        options=lambda wildcards: params_of[wildcards.dataset].fit_options(
            wildcards.method
        ),
        folds=lambda wildcards, input: [f"--out-of-fold={file}" for file in input.folds],
        user_files=lambda wildcards: jobs.content(
            params_of[wildcards.dataset].fitted_with(wildcards.method)
        ),
        code=lambda wildcards: code_of(
            "fit", params_of[wildcards.dataset].fitting(wildcards.method).method
        ),
    shell:
        "python -m logire fit --documents {params.documents:q} --logits {input.logits:q} {params.folds:q}"
        " --out {params.out:q} --seed {wildcards.seed:q} --device {params.device:q} {params.options:q}"
        " --overwrite --no-compare 2>&1 | tee {log:q}"


rule score_logire:
    input:
        lambda wildcards: params_of[wildcards.dataset].corpus,
        lambda wildcards: params_of[wildcards.dataset].evaluated_with,
        f"{files.BACKBONE_RUN}/logits.safetensors",
        rules.fit_logire.output,
    output:
        [
            f"{files.RUN}/{name}"
            for name in (
                *files.PREDICTIONS,
                *files.EXPLANATIONS,
                *files.PREDICTED,
                *files.METRICS,
            )
        ],
    log:
        f"{LOGS}/score_logire/{{backbone}}-seed{{seed}}-{{method}}.log",
    benchmark:
        f"{LOGS}/score_logire/{{backbone}}-seed{{seed}}-{{method}}.tsv"
    wildcard_constraints:
        method=files.FITTED,
    conda:
        "../envs/logire.yaml"
    params:
        run=lambda wildcards, output: jobs.folder(output),
        documents=lambda wildcards, input: jobs.folder(input),
        options=lambda wildcards: params_of[wildcards.dataset].evaluate_options,
        gold_rules=lambda wildcards: jobs.content(
            params_of[wildcards.dataset].evaluated_with
        ),
        code=lambda wildcards: code_of(
            "predict", params_of[wildcards.dataset].fitting(wildcards.method).method
        )
        + code_of("evaluate"),
    shell:
        "(python -m logire predict {params.run:q} &&"
        " python -m logire evaluate {params.run:q} --documents {params.documents:q} {params.options:q})"
        " 2>&1 | tee {log:q}"


rule score_backbone:
    input:
        lambda wildcards: params_of[wildcards.dataset].corpus,
        lambda wildcards: params_of[wildcards.dataset].evaluated_with,
        [f"{files.BACKBONE_RUN}/{name}" for name in (*files.PREDICTIONS, "run.json")],
    output:
        [f"{files.BACKBONE_RUN}/{name}" for name in files.METRICS],
    log:
        f"{LOGS}/score_backbone/{{backbone}}-seed{{seed}}.log",
    benchmark:
        f"{LOGS}/score_backbone/{{backbone}}-seed{{seed}}.tsv"
    conda:
        "../envs/logire.yaml"
    params:
        run=lambda wildcards, output: jobs.folder(output),
        documents=lambda wildcards, input: jobs.folder(input),
        options=lambda wildcards: params_of[wildcards.dataset].evaluate_options,
        gold_rules=lambda wildcards: jobs.content(
            params_of[wildcards.dataset].evaluated_with
        ),
        code=code_of("evaluate"),
    shell:
        "python -m logire evaluate {params.run:q} --documents {params.documents:q} {params.options:q}"
        " 2>&1 | tee {log:q}"
