"""Backbones that read subwords with a pretrained transformer: a package for each, beside what they share."""
