"""What is around every call: who calls, what they may, how values and refusals travel."""
