"""Writes docs/errors.json: every reason that a caller can meet, the server's and the gateway's own.

python -m gateway.catalogue [FILE]
"""

import json
import sys
from pathlib import Path
from typing import Any

from google.rpc import code_pb2

from countersign_server.rpc import catalogue as server
from gateway.refusals import refusals

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/errors.json"


def catalogue() -> str:
    """Return the document's text: reason, code and advice of each error, by reason."""
    document: dict[str, Any] = json.loads(server.catalogue())
    entries: list[dict[str, str]] = document["errors"]
    known = {entry["reason"] for entry in entries}
    entries += [
        {
            "reason": refusal.reason,
            "code": code_pb2.Code.Name(code_pb2.Code.ValueType(refusal.code)),
            "advice": refusal.advice,
        }
        for refusal in refusals()
        if refusal.reason not in known
    ]
    entries.sort(key=lambda entry: entry["reason"])
    return json.dumps(document, indent=2) + "\n"


if __name__ == "__main__":
    (Path(sys.argv[1]) if sys.argv[1:] else DOCUMENT).write_text(catalogue())
