"""Rules of proprietary trading firms, as data with their source. Firms change theirs: compare."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from countersign_guards.policy import Policy
from countersign_guards.policy_text import parse_policy


@dataclass(frozen=True, slots=True)
class Preset:
    """A firm's rules. `read_on` is the day on which `source` said so."""

    name: str
    title: str
    source: str
    read_on: str
    rule: str
    losses: str  # JSON, as in a policy

    def policy(self, *, currency: str, initial_balance: Decimal) -> Policy:
        """Return the policy for an account. Raises PolicyInvalid."""
        plain = {
            "currency": currency,
            "initial_balance": format(initial_balance, "f"),
            "losses": json.loads(self.losses),
        }
        return parse_policy(json.dumps(plain))


@cache
def presets() -> dict[str, Preset]:
    """Return every preset by its name."""
    found: dict[str, Preset] = {}
    for file in files(__name__).iterdir():
        name, dot, ending = file.name.rpartition(".")
        if dot and ending == "json":
            plain = json.loads(file.read_text(encoding="utf-8"))
            plain["losses"] = json.dumps(plain["losses"])
            found[name] = Preset(name=name, **plain)
    return dict(sorted(found.items()))
