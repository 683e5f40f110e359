"""LogiRE+ on corpora that do not fit in memory, shard by shard."""
