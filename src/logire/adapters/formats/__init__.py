"""One module for each format; it has a ``FORMAT``, and nothing else has to be changed for a new one."""
