"""People who bring others, what they earn by it, and how they are paid."""
