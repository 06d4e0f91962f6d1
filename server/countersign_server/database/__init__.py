"""How everything is remembered: connections, transactions, wake-ups, and a server of our own."""
