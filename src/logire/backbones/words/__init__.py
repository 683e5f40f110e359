"""Backbones that read words (Yao et al., 2019): a package for each, beside what they share."""
