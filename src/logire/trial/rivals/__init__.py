"""Rivals of LogiRE+: every module here gives ``RIVALS``, a tuple of :class:`~logire.trial.task.Method`."""
