"""What may stand as the name of a thing or a person."""

from countersign_server.errors import Invalid


def printable(text: str, *, field: str) -> str:
    """Return `text` without spaces around it.

    Raises Invalid if it holds what cannot be seen: control characters forge lines in logs, and the
    database refuses a zero.
    """
    if not text.isprintable():
        raise Invalid(f"{field} must have printable characters only", field=field)
    return text.strip()
