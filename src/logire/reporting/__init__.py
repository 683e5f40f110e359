"""Reporting: metrics files in, the paper's tables and figures out."""
