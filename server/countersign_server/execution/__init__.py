"""How an approved command becomes at most one order at the terminal, and how every deal comes back."""
