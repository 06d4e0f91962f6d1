"""What each command answers."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.field_mask_pb2 import FieldMask

from countersign.v1 import (
    accounts_pb2,
    analytics_pb2,
    approvals_pb2,
    charts_pb2,
    execution_pb2,
    guards_pb2,
    reconciliation_pb2,
    telegram_pb2,
    values_pb2,
)
from countersign_server.errors import CountersignError
from countersign_server.telegram.button import Action, Button, Reply
from countersign_server.telegram.laying import laid
from countersign_server.telegram.person import Person
from countersign_server.telegram.text import (
    HELP,
    guards_text,
    positions_text,
    reference,
    shown_time,
    statistics_text,
)

_CONFIRM_WITHIN = timedelta(seconds=60)
_SPAN = re.compile(r"([1-9][0-9]{0,2})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MUTE_MAX = timedelta(days=7)
_CHARTS_MAX = 4
_NONE_SUCH = "Nothing that waits for you ends like that; /inbox lists what does."


async def answer(person: Person, name: str, words: str, now: datetime) -> list[Reply]:
    """Return the answer to a command. Raises CountersignError."""
    return await _COMMANDS.get(name, Errand.help)(Errand(person, words, now))


@dataclass(frozen=True, slots=True)
class Errand:
    """One command of a person's, with the words that follow it. Methods raise CountersignError."""

    person: Person
    words: str
    now: datetime

    async def help(self) -> list[Reply]:
        """List the commands."""
        return [Reply(HELP)]

    async def inbox(self) -> list[Reply]:
        """Show what waits, each with its buttons."""
        waiting = await self.person.inbox()
        return [await laid(self.person, one) for one in waiting] or [
            Reply("Nothing waits for you.")
        ]

    async def approve(self) -> list[Reply]:
        """Show one with its buttons: it is signed only under the text that is signed."""
        found = await self.person.referred(self.words)
        return [Reply(_NONE_SUCH) if found is None else await laid(self.person, found)]

    async def reject(self) -> list[Reply]:
        """Turn one down."""
        ref, _, reason = self.words.partition(" ")
        found = await self.person.referred(ref)
        if found is None:
            return [Reply(_NONE_SUCH)]
        await self.person.call(
            "ApprovalService/CreateApproval",
            approvals_pb2.CreateApprovalRequest(
                signal_id=found.signal_id,
                account_id=found.account_id,
                decision=approvals_pb2.DECISION_REJECT,
                reason=reason.strip()[:200],
            ),
        )
        return [Reply(f"Rejected #{reference(found.approval_id)}.")]

    async def positions(self) -> list[Reply]:
        """Show what the terminals hold."""
        asked = reconciliation_pb2.ListPositionsRequest()
        return [
            Reply(
                positions_text(await self.person.call("ReconciliationService/ListPositions", asked))
            )
        ]

    async def status(self) -> list[Reply]:
        """Show accounts and doubts."""
        doubts = await self.person.call(
            "ExecutionService/ListInDoubt", execution_pb2.ListInDoubtRequest(page_size=50)
        )
        lines = [
            f"{'SIM' if one.demo else 'LIVE'} {one.name} #{reference(one.account_id)}: "
            + values_pb2.TradingState.Name(one.trading_state).removeprefix("TRADING_STATE_").lower()
            + (f" ({one.trading_state_cause})" if one.trading_state_cause else "")
            for one in await _accounts(self.person)
        ]
        waiting = len(await self.person.inbox())
        lines.append(f"{waiting} wait for your decision")
        lines.append(f"{len(doubts.commands)} commands in doubt")
        return [Reply("\n".join(lines))]

    async def guards(self) -> list[Reply]:
        """Show limits."""
        answer = await self.person.call("GuardService/GetGuards", guards_pb2.GetGuardsRequest())
        return [Reply(guards_text(answer))]

    async def pause(self) -> list[Reply]:
        """Halt all trading."""
        stopped = await pull(self.person, values_pb2.TRADING_STATE_HALTED)
        return [Reply(f"Trading is halted: {stopped}\nThey go on when you reset them, elsewhere.")]

    async def close_only(self) -> list[Reply]:
        """Let positions only be reduced."""
        stopped = await pull(self.person, values_pb2.TRADING_STATE_CLOSE_ONLY)
        return [Reply(f"Positions may only be reduced: {stopped}")]

    async def flatten(self) -> list[Reply]:
        """Ask whether everything is to be closed."""
        until = self.now + _CONFIRM_WITHIN
        rows = (
            (Button(action=Action.FLATTEN, label="Close everything", expires_at=until),),
            (Button(action=Action.CANCEL, label="No", expires_at=until),),
        )
        return [Reply("Close every position of all your accounts, and halt them?", rows)]

    async def mute(self) -> list[Reply]:
        """Tell only what is critical, for a while."""
        if self.words == "off":
            await _save_mute(self.person, None)
            return [Reply("You are told of everything again.")]
        match = _SPAN.fullmatch(self.words or "1h")
        span = int(match[1]) * _UNITS[match[2]] if match else _MUTE_MAX * 2
        if span > _MUTE_MAX:
            return [Reply("Say for how long, seven days at most: /mute 30m, /mute 2h, /mute off")]
        await _save_mute(self.person, self.now + span)
        return [Reply(f"Muted until {shown_time(self.now + span)}. What is critical still comes.")]

    async def report(self) -> list[Reply]:
        """Show what trading came to."""
        answer = await self.person.call(
            "AnalyticsService/GetStatistics", analytics_pb2.GetStatisticsRequest()
        )
        return [Reply(statistics_text(answer))]

    async def chart(self) -> list[Reply]:
        """Draw the equity of each account; of a symbol that is named, its price."""
        accounts = (await _accounts(self.person))[:_CHARTS_MAX]
        return [await self._drawn(one) for one in accounts] or [Reply("You have no account.")]

    async def _drawn(self, account: accounts_pb2.Account) -> Reply:
        name = f"{'SIM' if account.demo else 'LIVE'} {account.name}"
        symbol = self.words.partition(" ")[0]
        try:
            if symbol:
                asked = charts_pb2.GetPriceChartRequest(
                    account_id=account.account_id, symbol=symbol, timeframe=charts_pb2.TIMEFRAME_H1
                )
                drawn = await self.person.call("ChartService/GetPriceChart", asked)
            else:
                equity = charts_pb2.GetEquityChartRequest(account_id=account.account_id)
                drawn = await self.person.call("ChartService/GetEquityChart", equity)
        except CountersignError as error:
            return Reply(f"{name}: {error.reason}: {error}\n{error.advice}")
        return Reply(f"{name} {symbol}".strip(), picture=drawn.data)


async def pull(person: Person, state: values_pb2.TradingState) -> str:
    """Stop every account of the owner, and say how many were, and which were not."""
    stopped, refused = 0, list[str]()
    for account in await _accounts(person):
        asked = guards_pb2.PullKillSwitchRequest(
            account_id=account.account_id, state=state, reason="by Telegram"
        )
        try:
            await person.call("GuardService/PullKillSwitch", asked)
            stopped += 1
        except CountersignError as error:
            # The others are stopped all the same.
            refused.append(f"NOT #{reference(account.account_id)}: {error.reason}: {error}")
    return "\n".join([f"{stopped} accounts.", *refused])


async def _accounts(person: Person) -> list[accounts_pb2.Account]:
    found: list[accounts_pb2.Account] = []
    asked = accounts_pb2.ListAccountsRequest(page_size=500)
    while True:
        page = await person.call("AccountService/ListAccounts", asked)
        found += page.accounts
        if not page.next_page_token:
            return found
        asked.page_token = page.next_page_token


async def _save_mute(person: Person, until: datetime | None) -> None:
    chat = telegram_pb2.TelegramChat(chat_id=str(person.chat.id))
    mask = FieldMask(paths=["mute_end_time"])
    asked = telegram_pb2.UpdateTelegramChatRequest(chat=chat)
    if until is None:
        asked.clear_mask.CopyFrom(mask)
    else:
        asked.chat.mute_end_time.FromDatetime(until)
        asked.update_mask.CopyFrom(mask)
    await person.call("TelegramService/UpdateTelegramChat", asked)


_COMMANDS: Mapping[str, Callable[[Errand], Awaitable[list[Reply]]]] = {
    "help": Errand.help,
    "start": Errand.help,
    "inbox": Errand.inbox,
    "approve": Errand.approve,
    "reject": Errand.reject,
    "positions": Errand.positions,
    "status": Errand.status,
    "guards": Errand.guards,
    "pause": Errand.pause,
    "closeonly": Errand.close_only,
    "flatten": Errand.flatten,
    "mute": Errand.mute,
    "chart": Errand.chart,
    "report": Errand.report,
}
