"""What becomes of an offer: verified, claimed, sent at most once, and concluded by what shows."""
