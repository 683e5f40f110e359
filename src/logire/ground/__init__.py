"""What every part of the package rests on: errors, files, digests, run records, settings, seeds, the dev threshold."""
