"""What happened, who wants to know, how urgent it is, and through which channel."""
