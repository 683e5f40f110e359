"""LogiRE+: the same idea and interface as LogiRE, free to depart from the paper. See docs/method.md."""
