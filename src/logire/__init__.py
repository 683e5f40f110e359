"""LogiRE: learning logic rules for document-level relation extraction (Ru et al., EMNLP 2021)."""

__version__ = "0.1.0"
