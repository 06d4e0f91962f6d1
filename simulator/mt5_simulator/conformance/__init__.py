"""What was measured on the real package, and a runner that compares any module with it."""
