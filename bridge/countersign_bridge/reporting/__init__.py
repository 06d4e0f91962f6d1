"""What the terminal shows, told to the server whoever caused it."""
