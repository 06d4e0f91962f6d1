"""Where strategy engines hand in what they want traded."""
