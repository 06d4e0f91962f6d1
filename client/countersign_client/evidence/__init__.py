"""Checking, without any server, what was signed, by whom, and what the terminal did."""
