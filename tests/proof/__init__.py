"""What has been proved, by which runs, and with what numbers: `make proof` writes docs/proof.md."""
