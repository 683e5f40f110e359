"""A release: what was measured, in one folder that others download, check and go on from (docs/release.md)."""
