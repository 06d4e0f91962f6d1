"""How webhooks and Telegram say no; part of the tree in errors.py."""

from countersign_server.errors import Invalid, NotNow


class WebhookUrlRefused(Invalid):
    reason = "WEBHOOK_URL_REFUSED"
    advice = "Name an https:// address on the public internet, without user, password or fragment."


class WebhooksExhausted(NotNow):
    reason = "WEBHOOKS_EXHAUSTED"
    advice = "Delete a webhook endpoint first."
