"""Stopping accounts from a chat: all of them, or one that is named or chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """How accounts are stopped, and how that is told."""

    state: values_pb2.TradingState
    told: str


PAUSE = Stop(
    values_pb2.TRADING_STATE_HALTED,
    "Trading is halted: {}\nThey go on when you reset them, elsewhere.",
)
CLOSE_ONLY = Stop(values_pb2.TRADING_STATE_CLOSE_ONLY, "Positions may only be reduced: {}")
FLATTEN = Stop(values_pb2.TRADING_STATE_FLATTENING, "Everything is being closed: {}")


async def stop(person: Person, how: Stop, words: str) -> list[Reply]:
    """Stop the account that words name, without any all of them: whoever is in a hurry is right.

    Raises CountersignError.
    """
    meant = _meant(await person.accounts(), words)
    return [Reply(meant if isinstance(meant, str) else await stopped(person, how, meant))]


async def ask_to_flatten(person: Person, words: str, now: datetime) -> list[Reply]:
    """Ask whether positions are to be closed; of several accounts without a name, of which.

    Raises CountersignError.
    """
    accounts = await person.accounts()
    meant = _meant(accounts, words)
    return [Reply(meant) if isinstance(meant, str) else _question(accounts, meant, now)]


async def stopped(person: Person, how: Stop, accounts: Accounts) -> str:
    """Stop accounts, and say how many were, and which were not."""
    done, refused = 0, list[str]()
    for account in accounts:
        asked = guards_pb2.PullKillSwitchRequest(
            account_id=account.account_id, state=how.state, reason="by Telegram"
        )
        try:
            await person.call("GuardService/PullKillSwitch", asked)
            done += 1
        except CountersignError as error:
            # The others are stopped all the same.
            refused.append(f"NOT #{reference(account.account_id)}: {error.reason}: {error}")
    count = f"{done} account{'' if done == 1 else 's'}."
    return how.told.format("\n".join([count, *refused]))


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


def _question(accounts: Accounts, meant: Accounts, now: datetime) -> Reply:
    labels: list[tuple[str, str]] = []  # and the account of each, all without one
    if meant == accounts:
        labels.append(("Close everything", ""))
    if len(accounts) > 1:
        by_name = sorted(meant, key=lambda one: one.name)[:_CHOICES_MAX]
        labels += [(f"Close {shown_name(one)}"[:60], one.account_id) for one in by_name]
    until = now + _CHOOSE_WITHIN
    buttons = [
        Button(action=Action.FLATTEN, label=label, expires_at=until, subject=account_id)
        for label, account_id in labels
    ]
    buttons.append(Button(action=Action.CANCEL, label="No", expires_at=until))
    asked = "Close every position, and halt? Nothing is closed yet."
    return Reply(asked, tuple((one,) for one in buttons))
