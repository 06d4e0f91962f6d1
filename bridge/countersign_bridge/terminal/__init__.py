"""The terminal, kept at arm's length: in a process of its own that may be killed at any moment."""
