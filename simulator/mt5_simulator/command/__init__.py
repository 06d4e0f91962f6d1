"""The mt5-simulator command."""
