"""How an approved command becomes at most one order, and how every deal comes back."""
