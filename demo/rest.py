"""The product's REST interface, as any outside client uses it."""

from typing import Any

import httpx2


class Refused(Exception):
    """The product said no; `reason` is its public name for why."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message} (HTTP {status})")
        self.status = status
        self.reason = reason


class Rest:
    """JSON over HTTP, through the gateway."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=url, timeout=15)

    def call(
        self, method: str, path: str, body: object = None, *, token: str = "", **query: str
    ) -> dict[str, Any]:
        """Make one call and return its answer. Raises Refused."""
        answer = self._http.request(
            method,
            path,
            json=body,
            params=query,
            headers={"authorization": f"Bearer {token}"} if token else {},
        )
        return dict(_content_of(answer).json())

    def picture(self, path: str, *, token: str, **query: str) -> bytes:
        """Return a picture. Raises Refused."""
        headers = {"authorization": f"Bearer {token}"}
        return bytes(_content_of(self._http.get(path, params=query, headers=headers)).content)

    def close(self) -> None:
        self._http.close()


def _content_of(answer: httpx2.Response) -> httpx2.Response:
    """Return an answer that is none of a refusal. Raises Refused."""
    if not answer.is_success:
        content: dict[str, Any] = answer.json()
        details = content.get("details", [])
        reason = next((d["reason"] for d in details if "reason" in d), str(content.get("code")))
        raise Refused(answer.status_code, reason, content.get("message", ""))
    return answer
