"""Evaluation: predictions in, metrics out (paper, section 4.1), and the tests that compare runs."""
