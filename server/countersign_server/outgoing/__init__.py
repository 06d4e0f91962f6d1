"""Calls to addresses that others named: limited, and never into our own network."""
