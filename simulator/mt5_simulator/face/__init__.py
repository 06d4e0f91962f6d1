"""The module's face: its functions, argument checks, constants and result types."""
