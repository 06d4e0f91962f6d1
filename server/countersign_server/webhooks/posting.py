"""Posting a notification to a webhook endpoint, signed, and what its answer means."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from countersign_server.database.engine import Database
from countersign_server.identity.vault import Vault
from countersign_server.notifications.channel import Outcome, Result
from countersign_server.notifications.notification import Notification
from countersign_server.outgoing.posting import Answer, NotAnswered, Poster
from countersign_server.webhooks import store
from countersign_server.webhooks.endpoint import Endpoint
from countersign_server.webhooks.signing import signature_headers

TIME_LIMIT = timedelta(seconds=15)
ANSWER_BYTES_MAX = 4096

_OK, _REDIRECTED, _REFUSED, _GONE = 200, 300, 400, 410
# They may say when to come again.
_BUSY = {429, 503}
_FIXED: Mapping[str, str] = {
    "content-type": "application/json",
    "user-agent": "countersign-webhooks/1",
    "accept": "*/*",
}


class WebhookChannel:
    """Carries notifications to webhook endpoints."""

    def __init__(
        self, *, database: Database, vault: Vault, poster: Poster, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._vault = vault
        self._poster = poster
        self._now = now

    async def deliver(self, notification: Notification) -> Outcome:
        """Post once. The id is the notification's: whoever gets it twice can tell."""
        now = self._now()
        async with self._database.transaction(None) as tx:
            endpoint = await store.endpoint(tx, notification.destination_id, now)
            sealed = await store.live_secrets(tx, notification.destination_id, now)
        if endpoint is None or endpoint.destination.ended_at is not None:
            return Outcome(result=Result.REFUSED, reason="ENDED")
        headers = self._headers(endpoint, sealed, notification, now)
        try:
            answer = await self._poster.post(
                endpoint.url, notification.body.encode(), {**_FIXED, **headers}
            )
        except NotAnswered as error:
            return Outcome(result=Result.FAILED, reason=error.reason, detail=str(error))
        return outcome_of(answer)

    def _headers(
        self,
        endpoint: Endpoint,
        sealed: Sequence[store.SealedSecret],
        notification: Notification,
        now: datetime,
    ) -> Mapping[str, str]:
        secrets = [
            self._vault.open(one.sealed, bound_to=place_of(endpoint, one.number)) for one in sealed
        ]
        return signature_headers(
            scheme=endpoint.scheme,
            secrets=secrets,
            message_id=str(notification.id),
            timestamp=int(now.timestamp()),
            body=notification.body.encode(),
        )


def place_of(endpoint: Endpoint, number: int) -> str:
    """Return what a sealed secret is bound to: its row, and no other."""
    return f"webhook_secrets:{endpoint.id}:{number}"


def outcome_of(answer: Answer) -> Outcome:
    """Return what an answer means: only a status of 200 to 299 is a yes."""
    words = "".join(c if c.isprintable() else " " for c in answer.body.decode("utf-8", "replace"))
    status, detail = answer.status, words.strip()
    if _OK <= status < _REDIRECTED:
        return Outcome(result=Result.DELIVERED, status=status, detail=detail)
    if status == _GONE:
        return Outcome(result=Result.GONE, reason="GONE", status=status, detail=detail)
    return Outcome(
        result=Result.FAILED,
        reason="REDIRECT" if _REDIRECTED <= status < _REFUSED else "STATUS",
        status=status,
        detail=detail,
        again_after=_again_after(answer),
    )


def _again_after(answer: Answer) -> timedelta | None:
    text = answer.headers.get("retry-after", "")
    if answer.status not in _BUSY or not (text.isascii() and text.isdigit()):
        return None
    return timedelta(seconds=min(int(text[:9]), 86_400))
