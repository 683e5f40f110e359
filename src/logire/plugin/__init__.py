"""LogiRE and LogiRE+ for somebody else's relation model: arrays, rows or files in, predictions and rules out.

:mod:`logire.plugin.inputs` makes documents of what is given, :mod:`logire.plugin.estimator` fits the methods of
:mod:`logire.rules` on them. ``from logire import LogiRE, LogiREPlus`` gives the classes.
"""
