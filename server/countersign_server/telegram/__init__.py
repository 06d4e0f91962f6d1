"""A Telegram bot: alerts in a person's chat, and decisions with its buttons."""
