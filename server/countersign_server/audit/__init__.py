"""Every change of state: who, what, from where, before and after; chained by hashes."""
