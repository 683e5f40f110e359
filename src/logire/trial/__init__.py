"""LogiRE+ on trial: rival rule methods and simple controls on the same logits, and what each of them gains."""
