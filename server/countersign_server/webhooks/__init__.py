"""Events posted to addresses that owners and producers name, as Standard Webhooks."""
