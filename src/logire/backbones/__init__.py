"""Backbones: relation models that read documents and give the logits that LogiRE starts from (section 4.2).

``names()`` lists them, ``resolve(name)`` gives the class, ``train_backbone`` trains one and writes its run folder,
``load_backbone`` reads a trained one back.
"""

from logire.backbones.inference import infer_logits
from logire.backbones.registry import names, resolve
from logire.backbones.run import load_backbone, train_backbone

__all__ = ["infer_logits", "load_backbone", "names", "resolve", "train_backbone"]
