"""Corpora: raw annotations in, documents in DocRED's format out, and the logits dumps that go with them."""
