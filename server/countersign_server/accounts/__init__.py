"""Trading accounts, the strategies they follow, and the strategies themselves."""
