"""The failures a trading program must survive, by name, as steps anyone can set off.

Each step is a control operation with its details; `carry_out` in `served.controls` takes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Step = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One failure: what the program sees, and the steps that bring it about."""

    shows: str
    steps: tuple[Step, ...]


def _fault(kind: str, **details: Any) -> Step:  # noqa: ANN401  # a fault's fields
    return "fault", {"kind": kind, **details}


REHEARSALS: Mapping[str, Rehearsal] = {
    "reply-lost": Rehearsal("executed; None and -10002", (_fault("reply_lost"),)),
    "send-failed": Rehearsal("not sent; None and -10001", (_fault("send_failed"),)),
    "no-connection": Rehearsal("not sent; None and -10004", (_fault("no_connection"),)),
    "out-of-step": Rehearsal(
        "executed; None and -10000 from every call until initialize", (_fault("out_of_step"),)
    ),
    "hang": Rehearsal("executed; the call never returns", (_fault("hang"),)),
    "timeout-executed": Rehearsal("10012, and executed", (_fault("doubtful"),)),
    "timeout-executed-later": Rehearsal(
        "10012, and executed after 20 s", (_fault("doubtful", executes="later", seconds=20.0),)
    ),
    "timeout-never-executed": Rehearsal(
        "10012, and never executed", (_fault("doubtful", executes="never"),)
    ),
    "connection-executed-later": Rehearsal(
        "10031, and executed after 20 s",
        (_fault("doubtful", retcode=10031, executes="later", seconds=20.0),),
    ),
    "placed-filled-later": Rehearsal("10008, filled after 5 s", (_fault("placed", seconds=5.0),)),
    "placed-never-filled": Rehearsal(
        "10008, cancelled after 5 s", (_fault("placed", seconds=5.0, executes="never"),)
    ),
    "deal-hidden": Rehearsal(
        "10009 without a deal; it shows after 5 s", (_fault("deal_hidden", seconds=5.0),)
    ),
    "partial-fill": Rehearsal(
        "two deals at two prices, and less than asked", (_fault("partial", text="0.01@0 0.02@3"),)
    ),
    "overfill": Rehearsal("one volume step more than asked", (_fault("overfill"),)),
    "requotes": Rehearsal("10004 three times", (_fault("reject", count=3),)),
    "off-quotes": Rehearsal("10021 three times", (_fault("reject", count=3, retcode=10021),)),
    "market-closed": Rehearsal(
        "10018 for EURUSD", (("symbol", {"symbol": "EURUSD", "changes": {"sessions": []}}),)
    ),
    "autotrading-off": Rehearsal(
        "10027; terminal_info().trade_allowed is false", (_fault("autotrading_off"),)
    ),
    "api-disabled": Rehearsal("None and -8; tradeapi_disabled is true", (_fault("api_disabled"),)),
    "investor-login": Rehearsal(
        "10017; account_info().trade_allowed is false", (_fault("investor"),)
    ),
    "restart": Rehearsal(
        "history is () and successful for 10 s", (("restart", {"history_empty_for": 10.0}),)
    ),
    "disconnected": Rehearsal(
        "what is shown stops changing; sends answer 10031", (_fault("disconnected"),)
    ),
    "lag": Rehearsal("orders, deals and positions show 10 s late", (_fault("lag", seconds=10.0),)),
    "netting": Rehearsal(
        "the account nets where it used to hedge", (("terms", {"changes": {"margin_mode": 0}}),)
    ),
    "symbol-renamed": Rehearsal(
        "EURUSD is called EURUSD.r",
        (("symbol", {"symbol": "EURUSD", "changes": {"name": "EURUSD.r"}}),),
    ),
    "contract-changed": Rehearsal(
        "a lot of EURUSD is a tenth of what it was",
        (("symbol", {"symbol": "EURUSD", "changes": {"contract_size": "10000"}}),),
    ),
    "comment-rewritten": Rehearsal(
        "orders and deals carry another comment", (_fault("comment_rewritten", text="[auto]"),)
    ),
    "no-positions-answer": Rehearsal(
        "positions_get is None once", (_fault("no_answer", call="positions_get"),)
    ),
}
