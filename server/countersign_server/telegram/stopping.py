"""Stopping accounts from a chat: all of them, or one that is named or chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from countersign.v1 import accounts_pb2, guards_pb2, values_pb2
from countersign_server.errors import CountersignError
from countersign_server.telegram.button import Action, Button, Reply
from countersign_server.telegram.person import Person
from countersign_server.telegram.text import reference, shown_name

_ALL = "all"
_CHOOSE_WITHIN = timedelta(seconds=60)
# More buttons than this nobody finds the right one among; the others can be named.
_CHOICES_MAX = 12
_REFERENCE_MIN = 4

Accounts = Sequence[accounts_pb2.Account]


@dataclass(frozen=True, slots=True)
class Stop:
    """How accounts are stopped, and how that is asked and told."""

    state: values_pb2.TradingState
    outcome: str
    asks: str
    all_label: str
    label: str
    told: str


STOPS: Mapping[Action, Stop] = MappingProxyType(
    {
        Action.PAUSE: Stop(
            values_pb2.TRADING_STATE_HALTED,
            "PAUSED",
            "Nothing is halted yet. Which is to be?",
            "Halt all",
            "Halt",
            "Trading is halted: {}\nThey go on when you reset them, elsewhere.",
        ),
        Action.CLOSE_ONLY: Stop(
            values_pb2.TRADING_STATE_CLOSE_ONLY,
            "CLOSE_ONLY",
            "Nothing is stopped yet. Where may positions only be reduced?",
            "Only reduce, all",
            "Only reduce",
            "Positions may only be reduced: {}",
        ),
        Action.FLATTEN: Stop(
            values_pb2.TRADING_STATE_FLATTENING,
            "FLATTENED",
            "Close every position, and halt? Nothing is closed yet.",
            "Close everything",
            "Close",
            "Everything is being closed: {}",
        ),
    }
)


async def stop(person: Person, action: Action, words: str, now: datetime) -> list[Reply]:
    """Answer a command that stops accounts.

    Which of several is asked unless it is named; whether to close positions is asked in any case.
    Raises CountersignError.
    """
    accounts = await person.accounts()
    meant = _meant(accounts, words)
    if isinstance(meant, str):
        return [Reply(meant)]
    if action is not Action.FLATTEN and (words or len(accounts) == 1):
        return [Reply(await stopped(person, action, meant))]
    return [_question(action, accounts, meant, now)]


async def stopped(person: Person, action: Action, accounts: Accounts) -> str:
    """Stop accounts, and say how many were, and which were not."""
    done, refused = 0, list[str]()
    for account in accounts:
        asked = guards_pb2.PullKillSwitchRequest(
            account_id=account.account_id, state=STOPS[action].state, reason="by Telegram"
        )
        try:
            await person.call("GuardService/PullKillSwitch", asked)
            done += 1
        except CountersignError as error:
            # The others are stopped all the same.
            refused.append(f"NOT #{reference(account.account_id)}: {error.reason}: {error}")
    count = f"{done} account{'' if done == 1 else 's'}."
    return STOPS[action].told.format("\n".join([count, *refused]))


def chosen(accounts: Accounts, subject: str) -> Accounts:
    """Return the account that a button is for, or all; none: it is not there any more."""
    return [one for one in accounts if subject in ("", one.account_id)]


def _meant(accounts: Accounts, words: str) -> Accounts | str:
    """Return the accounts that words name, none: all; or in one line why nobody can tell."""
    if not accounts:
        return "You have no account."
    name = words.casefold()
    if name in ("", _ALL):
        return accounts
    found = [one for one in accounts if one.name.casefold() == name]
    ending = name.removeprefix("#")
    if not found and len(ending) >= _REFERENCE_MIN:
        found = [one for one in accounts if one.account_id.endswith(ending)]
    if len(found) == 1:
        return found
    listed = ", ".join(
        f"{one.name} #{reference(one.account_id)}" for one in accounts[:_CHOICES_MAX]
    )
    return f"{'Several accounts are' if found else 'No account is'} called {words[:40]!r}: {listed}"


def _question(action: Action, accounts: Accounts, meant: Accounts, now: datetime) -> Reply:
    how, expires_at = STOPS[action], now + _CHOOSE_WITHIN
    buttons: list[Button] = []
    if meant == accounts:
        buttons.append(Button(action=action, label=how.all_label, expires_at=expires_at))
    if len(accounts) > 1:
        buttons += [
            Button(
                action=action,
                label=f"{how.label} {shown_name(one)}"[:60],
                expires_at=expires_at,
                subject=one.account_id,
            )
            for one in sorted(meant, key=lambda one: one.name)[:_CHOICES_MAX]
        ]
    buttons.append(Button(action=Action.CANCEL, label="No", expires_at=expires_at))
    return Reply(how.asks, tuple((one,) for one in buttons))
