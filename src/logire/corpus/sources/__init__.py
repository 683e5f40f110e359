"""Where corpora come from: each module or package here but the registry declares one :data:`SOURCE`."""
