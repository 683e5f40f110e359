"""Bad values for every kind of key of a params file, with what the error must say.

Words in capitals stand for files, see ``test_bad_params.py``.
"""

from __future__ import annotations

HUGE = 10**9
PLACES: list[tuple[str, str, dict[str, str]]] = [
    (
        "backbones: {bilstm: {epochs: %s}}",
        "backbones.bilstm.epochs",
        {
            **dict.fromkeys(("3.0", "3.5", ".nan", ".inf", "true", "null", "~", "[3]", "{}", "2024-01-01"), "integer"),
            **dict.fromkeys(("!!float 3", "many"), "integer"),
            **dict.fromkeys(("1e400", "1e3", '"3"'), "stands where a number is expected"),
            **dict.fromkeys(("-1", "0"), "greater than or equal to 1"),
            **dict.fromkeys((str(HUGE), "9" * 26), "less than or equal to 10000"),
        },
    ),
    (
        "backbones: {bilstm: {learning_rate: %s}}",
        "backbones.bilstm.learning_rate",
        {
            **dict.fromkeys((".nan", ".inf", "-.inf"), "finite"),
            **dict.fromkeys(("1e400", '"0.1"', "1e-320", "1e5"), "write it without quotes, 1e-3 as 1.0e-3"),
            **dict.fromkeys(("true", "null", "[0.1]"), "valid number"),
            **dict.fromkeys(("-1", "0"), "greater than 0"),
        },
    ),
    *[
        (f"backbones: {{bilstm: {{{key}: %s}}}}", f"backbones.bilstm.{key}", {str(HUGE): "less than or equal to 10000"})
        for key in (
            *("batch_size", "accumulate", "word_dim", "coreference_dim", "type_dim", "distance_dim"),
            *("hidden", "state_dim"),
        )
    ],
    *[
        (
            f"backbones: {{bilstm: {{{key}: %s}}}}",
            f"backbones.bilstm.{key}",
            {"1.0": "less than 1", "-0.1": "greater than or equal to 0", '"0.1"': "expected", "true": "valid number"},
        )
        for key in ("dropout", "warmup", "word_dropout")
    ],
    (
        "backbones: {bilstm: {vectors: %s}}",
        "backbones.bilstm.vectors",
        {
            "''": "at least 1 character",
            **dict.fromkeys(("nowhere.txt", "FOLDER", "FIFO", "DANGLING", "'ftp://a/b'"), "is not a file"),
        },
    ),
    (
        "backbones: {bilstm: {vectors_sha256: %s}}",
        "backbones.bilstm.vectors_sha256",
        dict.fromkeys(("''", "abc", '"ABC"'), "pattern"),
    ),
    (
        "backbones: {bilstm: {}, cnn: {%s}}",
        "backbones.cnn",
        {
            f"layers: {HUGE}": "less than or equal to 100",
            "kernel: 4": "1, 3, 5 or 7",
            "kernel: true": "a whole number was expected",
            "kernel: 3.0": "a whole number was expected",
        },
    ),
    (
        "backbones: {bilstm: {}, atlop: {%s}}",
        "backbones.atlop",
        {
            "hidden: 100, group: 64": "64 does not divide hidden, 100",
            "hidden: 100": "64 does not divide hidden, 100",
            "window: 100, overlap: 99": "must be under window - 2 = 98",
            "window: 100": "must be under window - 2 = 98",
        },
    ),
    (
        "backbones: {bilstm: {}, gain: {%s}}",
        "backbones.gain",
        {
            **{f"{key}: {HUGE}": "less than or equal to" for key in ("window", "graph_dim", "layers", "frozen_layers")},
            "graph_dim: 0": "greater than or equal to 1",
            "encoder: ''": "at least 1 character",
            "encoder: bert-base-cased": "needs a revision",
            "encoder: FOLDER": "config.json: does not exist",
            "encoder: ENCODER, frozen_layers: 3": "num_hidden_layers is 2",
            "encoder: ENCODER, window: 65, overlap: 8": "max_position_embeddings is 64",
            "revision: ''": "at least 1 character",
        },
    ),
    (
        "%s",
        "backbones",
        {
            **{f"backbones: {value}": "a mapping was expected" for value in ("[bilstm]", "bilstm", "null")},
            "backbones: {bilstm: true}": "a mapping was expected",
            "backbones: {BiLSTM: {}}": "one of cnn, lstm, bilstm",
            "backbones: {bilstm: null}": "no backbone is left",
            "backbones: {}": "no backbone is left",
            'backbones: {bilstm: {"[bold]x": 1}}': "there is no such key",
            'backbones: {bilstm: {"\\e[31mx": 1}}': "there is no such key",
        },
    ),
    *[
        (f"logire: {{{key}: %s}}", f"logire.{key}", {str(HUGE): "less than or equal to"})
        for key in (
            *("rules_per_query", "hidden", "layers", "heads", "feedforward", "extractor_batch", "generator_batch"),
            *("extractor_epochs", "generator_epochs", "update_epochs"),
        )
    ],
    (
        "logire: {iterations: %s}",
        "logire.iterations",
        {"3.0": "integer", "true": "integer", '"3"': "number is expected", "0": "greater", "null": "integer"},
    ),
    (
        "logire: %s",
        "logire",
        {
            "{hidden: 100, heads: 3}": "3 heads do not divide hidden, 100",
            "{hidden: 101}": "4 heads do not divide hidden, 101",
            "{patience: -1}": "greater than or equal to 0",
            "{max_length: 5}": "less than or equal to 4",
            "{momentum: 2}": "less than or equal to 1",
            "{l2: .nan}": "finite",
            "{optimizer: sgd}": "one of adam, newton",
            "null": "a mapping was expected",
            "[1]": "a mapping was expected",
        },
    ),
    (
        "logire_plus: {%s}",
        "logire_plus",
        {
            "rules: gold, gold_rules: nowhere.txt": "nowhere.txt: does not exist",
            "rules: gold, gold_rules: BROKEN": "line 2: 'no rule at all' is not a rule",
            "rules: gold, gold_rules: FOLDER": "is a folder",
            "rules: gold, gold_rules: FIFO": "is not a file",
            "rules: gold, gold_rules: ''": "at least 1 character",
            "gold_rules: nowhere.txt": "does not exist",
            "rules: best": "one of frequent, confident",
            f"open_rules: {HUGE}": "less than or equal to 10000",
            "l2: []": "at least 1 item",
            "l2: 1.0": "valid tuple",
            'l2: "12"': "valid tuple",
            f"l2: [{'1.0, ' * 21}]": "at most 20 items",
            "l2: [.inf]": "finite",
            'l2: ["1"]': "write it without quotes",
            "l2: [true]": "valid number",
            "blend: [2]": "less than or equal to 1",
            "rounds: 4": "less than or equal to 3",
        },
    ),
    (
        "data: {source: dwie, raw: %s}",
        "data.raw",
        {
            "''": "at least 1 character",
            **dict.fromkeys(("3", "[x]", "true"), "valid string"),
            **dict.fromkeys(("nowhere", "DANGLING", '"a\\0b"', "x" * 5000), "does not exist"),
            "FIFO": "neither a file nor a folder",
            "FOLDER": "holds no *.json annotation file",
            "JSONL": "id",
            "EMPTY": "no annotation in it",
        },
    ),
    (
        "data: {%s}",
        "data.raw",
        {
            "source: docred": "is missing",
            "source: docred, raw: nowhere": "does not exist",
            "source: docred, raw: JSONL": "is not a folder",
            "source: docred, raw: FIFO": "neither a file nor a folder",
            "source: docred, raw: FOLDER": "no file for the train split",
            "source: redocred, raw: FOLDER": "no file for the train split",
            "source: docred-partial, raw: FOLDER": "rel2id.json: does not exist",
            "source: redocred-partial, raw: JSONL": "does not exist",
            "source: redocred-resplit, raw: FOLDER": "rel2id.json: does not exist",
            "source: embedded, raw: nowhere": "does not exist",
            "source: embedded, raw: FOLDER": "holds no *.json",
            "source: embedded, raw: FIFO": "neither a file nor a folder",
            "source: embedded-docred, raw: JSONL": "embedded-docred reads no raw data",
        },
    ),
    (
        "data: {source: dwie, split: %s}",
        "data.split",
        {
            "''": "at least 1 character",
            "nowhere.json": "does not exist",
            "FOLDER": "is a folder",
            "FIFO": "is not a file",
            "DANGLING": "does not exist",
            "SPLIT": "dev: is missing",
            "SPLIT_TWICE": "this document is also in train",
        },
    ),
    (
        "data: {source: embedded, documents: %s}",
        "data.documents",
        {
            f"[{HUGE}, 1, 1]": "less than or equal to 1000000",
            "[0, 1, 1]": "greater than or equal to 1",
            "[1, 1]": "make the list longer",
            "[1, 1, 1, 1]": "at most 3 items",
            '["1", 1, 1]': "write it without quotes",
            "[1.0, 1, 1]": "integer",
            "[true, 1, 1]": "integer",
            '"111"': "valid tuple",
        },
    ),
    (
        "data: %s",
        "data",
        {
            "null": "a mapping was expected",
            "dwie": "a mapping was expected",
            "{source: null}": "one of dwie, docred",
            "{source: [dwie]}": "one of dwie, docred",
            "{source: dwei}": "one of dwie, docred",
            '{source: dwie, sentences: "yes"}': "boolean",
            "{source: dwie, sentences: 1}": "boolean",
            "{source: embedded-docred, deleted: 2}": "less than or equal to 1",
            "{source: embedded-docred, deleted: .nan}": "finite",
            '{source: docred, raw: FOLDER, name: ""}': "at least 1 character",
            '{source: docred, raw: FOLDER, name: "a\\nb"}': "pattern",
            '{source: docred, raw: FOLDER, name: "a\\u2028b"}': "pattern",
        },
    ),
    (
        "seeds: %s",
        "seeds",
        {
            **dict.fromkeys((f"[{2**40}]", f"[{2**32}]"), "less than 4294967296"),
            f"[{','.join(map(str, range(10_000)))}]": "at most 100 items",
            **dict.fromkeys(("[1.0]", "[true]", "[null]", "[[1]]", "[x]"), "integer"),
            '["1"]': "lists of numbers in a file",
            "[]": "at least 1 item",
            **dict.fromkeys(("null", "1", "{1: 2}", "!!set {1, 2}", "!!null x"), "list"),
            "[1, 1]": "a value occurs twice",
            "[-1]": "greater than or equal to 0",
        },
    ),
    (
        "seeds_of: %s",
        "seeds_of",
        {"[1]": "a mapping", "{gian: [1]}": "unknown backbone", "{bilstm: 1}": "list", "{1: [1]}": "valid string"},
    ),
    (
        "crossfit: {%s}",
        "crossfit",
        {
            "folds: 2.0": "integer",
            "folds: true": "integer",
            'folds: "2"': "number is expected",
            "folds: 10000": "less than or equal to 20",
            **dict.fromkeys(("folds: 1", "folds: 0"), "greater than or equal to 2"),
            "backbones: bilstm": "list",
            "backbones: [gian]": "unknown backbone",
            "backbones: [bilstm, bilstm]": "a value occurs twice",
        },
    ),
    (
        "evaluation: {distances: %s}",
        "evaluation.distances",
        {
            **dict.fromkeys(("[100, 50]", "[100, 100]"), "each edge must be above the one before"),
            **dict.fromkeys(("[0]", "[-5]"), "greater than or equal to 1"),
            "[1000000000000000000000]": "less than or equal to 1000000",
            "[]": "at least 1 item",
            "100": "list",
            '["100"]': "without quotes",
            **dict.fromkeys(("[1.5]", "[true]", "[far]"), "integer"),
        },
    ),
    *[
        (
            f"{section}: {{{key}: %s}}",
            f"{section}.{key}",
            {
                "''": "at least 1 character",
                "3": "valid string",
                **dict.fromkeys(("nowhere.txt", "DANGLING"), "does not exist"),
                "FOLDER": "is a folder",
                "FIFO": "is not a file",
                "BROKEN": "line 2: 'no rule at all' is not a rule",
                "LATIN": "in UTF-8",
                "EMPTY": "holds no rule",
            },
        )
        for section, key in (("evaluation", "gold_rules"), ("table4", "rules"))
    ],
    (
        "device: %s",
        "device",
        {
            **dict.fromkeys(("cpu; touch x", '"cpu\\n"', "cuda:9999", "CPU", "cuda:-1", '"cuda:0 "'), "cpu, cuda"),
            **dict.fromkeys(("cuda:٣", "$(id)", '"cpu\\u2028"'), "cpu, cuda"),
            **dict.fromkeys(("1", "null", "true", "2024-01-01", "!!binary Y3B1", '"\\ud800"'), "valid string"),
        },
    ),
    (
        "figure4: {backbone: %s}",
        "figure4.backbone",
        {"cnn": "one of bilstm", "nobody": "one of bilstm", "null": "valid string", "[bilstm]": "valid string"},
    ),
    (
        "cluster: {words: {mem_mb: 1, runtime: 1, gpu: 0, %s}}",
        "cluster.words",
        {"cores: 3": "one of mem_mb, runtime, gpu"},
    ),
    *[
        (
            f"cluster: {{words: {{{key}: %s}}}}",
            f"cluster.words.{key}",
            {
                "-1": "greater",
                "1.5": "integer",
                str(10**12): "less than or equal to",
                '"3G"': "integer",
                "true": "integer",
            },
        )
        for key in ("mem_mb", "runtime", "gpu")
    ],
    (
        "variants: {backbone: bilstm, seeds: [1], runs: {%s}}",
        "variants.runs",
        {
            "x: {method: magic}": "one of logire, logire_plus",
            "x: {method: backbone}": "one of logire, logire_plus",
            "x: {settings: {tied: 1}}": "there is no such setting",
            "x: {settings: {hidden: 100, heads: 3}}": "3 heads do not divide hidden, 100",
            "x: {settings: [1]}": "a mapping was expected",
            "x: {settings: {1: 2}}": "valid string",
            "x: {settings: {iterations: .nan}}": "integer",
            "x: {settings: {l2: .inf}}": "finite",
            "x: null": "a mapping was expected",
            'x: {out_of_fold: "no"}': "boolean",
            **dict.fromkeys(("X: {}", '"a;b": {}', '"": {}', f"{'x' * 300}: {{}}"), "pattern"),
            "x: {like: nowhere.yaml}": "nowhere.yaml does not exist",
            "x: {like: ''}": "at least 1 character",
            "x: {like: FOLDER}": "is a folder",
            "x: {like: FIFO}": "is not a file",
            "x: {like: params/dwie.yaml}": "has no settings of logire",
            "x: {method: logire_plus, settings: {rules: gold}}": "gold rules need a file",
            "x: {method: logire_plus, settings: {rules: gold, gold_rules: BROKEN}}": "is not a rule",
            "": "at least 1 item",
        },
    ),
    (
        "variants: {%s}",
        "variants",
        {
            "backbone: bilstm, seeds: [1], everywhere: [y], runs: {x: {}}": "there is no variant y",
            "backbone: bilstm, seeds: [1], everywhere: [x, x], runs: {x: {}}": "a value occurs twice",
            "backbone: bilstm, seeds: [1], everywhere: x, runs: {x: {}}": "list",
            "backbone: cnn, seeds: [1], runs: {x: {}}": "one of bilstm",
            "backbone: nobody, seeds: [1], runs: {x: {}}": "one of bilstm",
            "backbone: bilstm, seeds: [9], runs: {x: {}}": "not trained with seed 9",
            "backbone: bilstm, seeds: [1]": "is missing",
        },
    ),
    (
        "crossfit: {backbones: []}\nvariants: {backbone: bilstm, seeds: [1], everywhere: [x], runs: {x: {%s}}}",
        "variants.everywhere",
        {"out_of_fold: true": "x learns on out-of-fold logits, which bilstm does not have"},
    ),
    ("variants: %s", "variants", {"true": "a mapping was expected", "[x]": "a mapping was expected"}),
    ("%s: 1", "", {"sedes": "one of data, seeds", '"[bold]x[/bold]"': "no such key", '"a b;c"': "no such key"}),
    ("<<: {sedes: %s}", "sedes", {"1": "one of data, seeds"}),
    (
        "like: %s",
        "like",
        {
            "mine": "break the circle",
            **dict.fromkeys(
                ('""', "1", "[dwie]", "../x", "{a: b}", "true", '"dwie\\n"', "a b"), "not a dataset's name"
            ),
        },
    ),
]
"""A line of a params file with %s for a value, the key, and value -> what the error must say."""
