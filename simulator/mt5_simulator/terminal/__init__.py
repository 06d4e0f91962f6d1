"""The view: what one terminal knows of its broker, when it knows it, and how it answers."""
