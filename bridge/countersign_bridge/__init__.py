"""Stands beside one MetaTrader 5 terminal and trades only what its owner signed."""

__version__ = "0.1.0"
