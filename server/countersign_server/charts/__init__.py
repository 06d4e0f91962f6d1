"""Pictures of prices and of accounts, as a trader would post them."""
