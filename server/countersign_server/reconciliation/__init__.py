"""What the terminals hold, and how far that can be believed."""
