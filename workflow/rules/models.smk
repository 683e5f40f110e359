# Documents to logits, logits to rules, either to predictions and metrics.


rule train_backbone:
    input:
        paths.corpus,
    output:
        f"{paths.run('backbone')}/model.safetensors",
        f"{paths.run('backbone')}/logits.safetensors",
        f"{paths.run('backbone')}/settings.json",
        f"{paths.run('backbone')}/history.csv",
        f"{paths.run('backbone')}/predictions-dev.json",
        f"{paths.run('backbone')}/predictions-test.json",
        f"{paths.run('backbone')}/run.json",
    log:
        f"{paths.logs}/train_backbone/{{backbone}}-seed{{seed}}.log",
    conda:
        "../envs/logire.yaml"
    resources:
        **pipeline.training_resources(config),
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        out=lambda wildcards, output: pipeline.folder(output),
        device=config["device"],
        settings=lambda wildcards: pipeline.settings_option(
            config["backbones"][wildcards.backbone]
        ),
        code=lambda wildcards: pipeline.backbone_code(wildcards.backbone),
    shell:
        "python -m logire train {wildcards.backbone} --documents {params.documents:q} --out {params.out:q}"
        " --seed {wildcards.seed} --device {params.device} --settings {params.settings:q} 2>&1 | tee {log:q}"


rule train_fold:
    input:
        paths.corpus,
    output:
        f"{paths.fold()}/logits.safetensors",
        f"{paths.fold()}/history.csv",
        f"{paths.fold()}/run.json",
    log:
        f"{paths.logs}/train_fold/{{backbone}}-seed{{seed}}-{{fold}}.log",
    conda:
        "../envs/logire.yaml"
    resources:
        **pipeline.training_resources(config),
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        out=lambda wildcards, output: pipeline.folder(output),
        fold=lambda wildcards: wildcards.fold.replace("of", "/"),
        device=config["device"],
        settings=lambda wildcards: pipeline.settings_option(
            config["backbones"][wildcards.backbone]
        ),
        code=lambda wildcards: pipeline.backbone_code(wildcards.backbone),
    shell:
        "python -m logire train {wildcards.backbone} --documents {params.documents:q} --out {params.out:q}"
        " --seed {wildcards.seed} --fold {params.fold} --device {params.device} --settings {params.settings:q}"
        " 2>&1 | tee {log:q}"


rule fit_logire:
    input:
        paths.corpus,
        f"{paths.run('backbone')}/run.json",
        lambda wildcards: paths.fitted_with(wildcards.method),
        logits=f"{paths.run('backbone')}/logits.safetensors",
        folds=lambda wildcards: paths.out_of_fold(
            wildcards.method, wildcards.backbone, wildcards.seed
        ),
    output:
        f"{paths.run('{method}')}/extractor.safetensors",
        f"{paths.run('{method}')}/generator.safetensors",
        f"{paths.run('{method}')}/rules.csv",
        f"{paths.run('{method}')}/history.csv",
        f"{paths.run('{method}')}/run.json",
    log:
        f"{paths.logs}/fit_logire/{{backbone}}-seed{{seed}}-{{method}}.log",
    wildcard_constraints:
        method=pipeline.FITTED,
    conda:
        "../envs/logire.yaml"
    resources:
        **pipeline.logire_resources(config),
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        out=lambda wildcards, output: pipeline.folder(output),
        device=config["device"],
        options=lambda wildcards: paths.fit_options(wildcards.method),
        folds=lambda wildcards, input: [f"--out-of-fold={file}" for file in input.folds],
        code=pipeline.code("corpus", "rules"),
    shell:
        "python -m logire fit --documents {params.documents:q} --logits {input.logits:q} {params.folds:q}"
        " --out {params.out:q} --seed {wildcards.seed} --device {params.device} {params.options} 2>&1 | tee {log:q}"


rule predict_logire:
    input:
        paths.corpus,
        f"{paths.run('backbone')}/logits.safetensors",
        rules.fit_logire.output,
    output:
        f"{paths.run('{method}')}/predictions-{{split}}.json",
        f"{paths.run('{method}')}/explanations-{{split}}.jsonl",
    log:
        f"{paths.logs}/predict_logire/{{backbone}}-seed{{seed}}-{{method}}-{{split}}.log",
    wildcard_constraints:
        method=pipeline.FITTED,
    conda:
        "../envs/logire.yaml"
    params:
        run=lambda wildcards, output: pipeline.folder(output),
        code=pipeline.code("corpus", "rules"),
    shell:
        "python -m logire predict {params.run:q} --split {wildcards.split} 2>&1 | tee {log:q}"


rule evaluate_run:
    input:
        paths.corpus,
        config["evaluation"]["gold_rules"] or [],
        f"{paths.run('{method}')}/run.json",
        predictions=f"{paths.run('{method}')}/predictions-{{split}}.json",
    output:
        f"{paths.run('{method}')}/metrics-{{split}}.json",
    log:
        f"{paths.logs}/evaluate_run/{{backbone}}-seed{{seed}}-{{method}}-{{split}}.log",
    conda:
        "../envs/logire.yaml"
    params:
        documents=lambda wildcards, input: pipeline.folder(input),
        options=pipeline.evaluate_options(config["evaluation"]),
        gold_rules=pipeline.content(config["evaluation"]["gold_rules"]),
        code=pipeline.code("corpus", "evaluation"),
    shell:
        "python -m logire evaluate {input.predictions:q} --documents {params.documents:q}"
        " --split {wildcards.split} {params.options} --out {output:q} 2>&1 | tee {log:q}"
