"""What the product's speed is measured with, beside a peer and a limit, in one run."""
