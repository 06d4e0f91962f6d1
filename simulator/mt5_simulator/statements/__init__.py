"""Statements that MetaTrader wrote, replayed through the simulator's arithmetic."""
