"""How every backbone is trained, checkpointed and applied.

:mod:`~logire.backbones.training.loop` optimises a model, :mod:`~logire.backbones.training.checkpoint` lets it
continue after a kill, :mod:`~logire.backbones.training.inference` applies it,
:mod:`~logire.backbones.training.run` goes from a corpus to a run folder, and
:mod:`~logire.backbones.training.crossfit` does so with one fold left out.
"""
