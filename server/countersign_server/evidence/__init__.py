"""What proves, without this server, what was signed and what was done."""
