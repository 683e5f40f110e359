"""What other relation extractors write, as what this package reads: documents in DocRED's format and a logits dump.

:mod:`logire.adapters.registry` finds the formats, one module each in :mod:`logire.adapters.formats`;
:mod:`logire.adapters.entities` makes entities of mentions, :mod:`logire.adapters.scores` logits of scores, and
:mod:`logire.adapters.run` writes the files.
"""
