"""What trading came to: MetaTrader's statistics to the digit, and those that it does not have."""
