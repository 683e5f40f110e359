"""LogiRE as in the paper: a rule generator and a relation extractor, learnt in turn by EM (sections 3.2 and 3.3)."""
