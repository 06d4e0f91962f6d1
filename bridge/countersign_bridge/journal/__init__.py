"""What the bridge knows of the past after any crash."""
