"""``python -m logire`` is ``logire``."""

from logire.cli import main

main()
