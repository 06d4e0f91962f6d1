"""How webhooks and Telegram say no; part of the tree in errors.py."""

from countersign_server.errors import Invalid, NotNow, Unavailable


class WebhookUrlRefused(Invalid):
    reason = "WEBHOOK_URL_REFUSED"
    advice = "Name an https:// address on the public internet, without user, password or fragment."


class TelegramNotConfigured(NotNow):
    reason = "TELEGRAM_NOT_CONFIGURED"
    advice = "The operator sets COUNTERSIGN_TELEGRAM_TOKEN, which @BotFather gives."


class TelegramUnavailable(Unavailable):
    reason = "TELEGRAM_UNAVAILABLE"
    advice = "Telegram does not answer; try again in a minute."


class WebhooksExhausted(NotNow):
    reason = "WEBHOOKS_EXHAUSTED"
    advice = "Delete a webhook endpoint first."
