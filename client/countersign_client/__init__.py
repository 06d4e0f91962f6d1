"""The Countersign SDK: sign a signal, hand it in, follow what becomes of it.

Names are loaded when they are first used, so that the command line starts without the message
classes.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from countersign_client.address import Tls as Tls
    from countersign_client.client import Client as Client
    from countersign_client.errors import (
        Code as Code,
        Conflict as Conflict,
        CountersignError as CountersignError,
        Doubt as Doubt,
        Exhausted as Exhausted,
        Forbidden as Forbidden,
        Invalid as Invalid,
        NotFound as NotFound,
        NotNow as NotNow,
        ServerFault as ServerFault,
        Unauthenticated as Unauthenticated,
        Unavailable as Unavailable,
        Unsupported as Unsupported,
    )
    from countersign_client.outcomes import (
        Accepted as Accepted,
        InDoubt as InDoubt,
        Outcome as Outcome,
        Refused as Refused,
    )
    from countersign_client.signals import (
        cancel_order as cancel_order,
        close_position as close_position,
        modify as modify,
        open_position as open_position,
        place_order as place_order,
    )
    from countersign_client.signing import Signer as Signer
    from countersign_client.wire.countersign.v1 import Side as Side, Signal as Signal

_HOMES = {
    "address": ("Tls",),
    "client": ("Client",),
    "errors": (
        "Code",
        "Conflict",
        "CountersignError",
        "Doubt",
        "Exhausted",
        "Forbidden",
        "Invalid",
        "NotFound",
        "NotNow",
        "ServerFault",
        "Unauthenticated",
        "Unavailable",
        "Unsupported",
    ),
    "outcomes": ("Accepted", "InDoubt", "Outcome", "Refused"),
    "signals": ("cancel_order", "close_position", "modify", "open_position", "place_order"),
    "signing": ("Signer",),
    "wire.countersign.v1": ("Side", "Signal"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # the type checker reads the imports above  # the type checker reads the imports above
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(_HOME_OF)
