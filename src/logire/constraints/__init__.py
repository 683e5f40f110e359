"""Constraints that a person writes down: the facts of a document obey them, and every change names its reason.

:mod:`logire.constraints.declared` is the format of the file, :mod:`logire.constraints.checked` reads a user's,
:mod:`logire.constraints.obey` decides a document's facts under it, :mod:`logire.constraints.run` those of a run.
"""
