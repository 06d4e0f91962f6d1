"""The truth: accounts, orders, deals, positions and prices, whoever looks at them."""
