"""Dump the logits of ATLOP's own code (github.com/wzhouad/ATLOP) for logire.

Put this file beside ATLOP's ``train.py`` and call it after training, with the features that ``train.py`` has read::

    dump(args, model, {"train": train_features, "dev": dev_features, "test": test_features}, "logits.safetensors")

ATLOP gives (P, R + 1) logits for the P pairs of a document. Class 0 is the threshold: a relation holds where its logit
is higher, so logire takes the difference. The columns have the order of ATLOP's ``meta/rel2id.json``: the folder of
documents must have the same file (put it beside the raw files that ``logire prepare docred`` reads).
"""

import numpy as np
from safetensors.numpy import save_file


def dense(logits, pairs, entities):
    """(P, R + 1) logits of (head, tail) pairs as (N, N, R), the threshold's taken off."""
    result = np.zeros((entities, entities, logits.shape[1] - 1), dtype=np.float32)
    for (head, tail), row in zip(pairs, logits, strict=True):
        result[head, tail] = row[1:] - row[0]
    return result


def dump(args, model, features, path):
    """Write the logits of each document of each split into one file."""
    import torch
    from utils import collate_fn  # ATLOP's

    model.eval()
    model.loss_fnt.get_label = lambda logits, num_labels: logits  # else the model answers with decisions alone
    found = {}
    for split, documents in features.items():
        for document in documents:
            ids, mask, _, entity_pos, pairs = collate_fn([document])[:5]
            with torch.no_grad():
                logits, *_ = model(ids.to(args.device), mask.to(args.device), entity_pos=entity_pos, hts=pairs)
            array = dense(logits.float().cpu().numpy(), document["hts"], len(document["entity_pos"]))
            found[f"{split}/{document['title']}/logits"] = array
    save_file(found, path)
