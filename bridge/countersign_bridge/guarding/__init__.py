"""The guard beside the terminal: judges, latches, and closes alone while no server does."""
