"""Auditing labels: facts that they lack but the model and its rules support, and labels that these contradict."""
