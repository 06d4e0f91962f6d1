"""Where account owners sign off what strategies want traded."""
