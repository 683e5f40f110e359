"""Files that come with the package: relations, types and splits of DWIE and DocRED, digests, gold rules."""

from pathlib import Path

DATA = Path(__file__).parent
