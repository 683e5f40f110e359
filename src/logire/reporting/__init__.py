"""Reporting: measured runs in, the paper's tables and figures and our own out."""
