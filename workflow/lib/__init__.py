"""What the rules share: params, the files of each dataset, digests of code, a scheduler's resources.

The Snakefile and the rules hold no logic; it stands here, and the package knows nothing of the workflow.
"""
