"""`python -m demo.facts tokens.owner`: print one thing that `demo.json` tells of the demo."""

import json
import sys
from typing import Any

from demo.settings import DemoSettings


def main(arguments: list[str]) -> int:
    """Print the value at a dotted path; return 1 if there is none."""
    facts = DemoSettings().directory / "demo.json"
    if len(arguments) != 1 or not facts.exists():
        print(f"usage: python -m demo.facts tokens.owner; the demo writes {facts}", file=sys.stderr)  # noqa: T201  # a command
        return 1
    value: Any = json.loads(facts.read_text())
    try:
        for part in arguments[0].split("."):
            value = value[part]
    except (KeyError, TypeError):
        print(f"{facts} has no {arguments[0]} (yet)", file=sys.stderr)  # noqa: T201  # a command
        return 1
    print(value)  # noqa: T201  # a command
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
