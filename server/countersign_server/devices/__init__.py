"""The installed bridges, and which of them may trade an account."""
