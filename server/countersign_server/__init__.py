"""The Countersign server."""
