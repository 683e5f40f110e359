"""``python -m logire`` is ``logire``."""

from logire.cli.app import main

main()
