"""Histories that MetaTrader wrote elsewhere, taken in; and what is known of any, given out."""
