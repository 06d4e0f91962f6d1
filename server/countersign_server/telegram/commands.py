"""What each command answers."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

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
from countersign_server.telegram.button import Reply
from countersign_server.telegram.laying import laid
from countersign_server.telegram.person import Person
from countersign_server.telegram.stopping import CLOSE_ONLY, PAUSE, ask_to_flatten, stop
from countersign_server.telegram.text import (
    HELP,
    guards_text,
    positions_text,
    reference,
    shown_name,
    shown_time,
    statistics_text,
)

# What is never too much.
STOPPING = frozenset({"pause", "closeonly", "flatten"})

_SPAN = re.compile(r"([1-9][0-9]{0,2})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MUTE_MAX = timedelta(days=7)
_PICTURES_MAX = 4
_SYMBOL_MAX = 31
_TIMEFRAMES: Mapping[str, charts_pb2.Timeframe] = {
    "M1": charts_pb2.TIMEFRAME_M1,
    "M5": charts_pb2.TIMEFRAME_M5,
    "M15": charts_pb2.TIMEFRAME_M15,
    "M30": charts_pb2.TIMEFRAME_M30,
    "H1": charts_pb2.TIMEFRAME_H1,
    "H4": charts_pb2.TIMEFRAME_H4,
    "D1": charts_pb2.TIMEFRAME_D1,
    "W1": charts_pb2.TIMEFRAME_W1,
    "MN1": charts_pb2.TIMEFRAME_MN1,
}
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
            f"{shown_name(one)} #{reference(one.account_id)}: "
            + values_pb2.TradingState.Name(one.trading_state).removeprefix("TRADING_STATE_").lower()
            + (f" ({one.trading_state_cause})" if one.trading_state_cause else "")
            for one in await self.person.accounts()
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
        """Halt trading."""
        return await stop(self.person, PAUSE, self.words)

    async def close_only(self) -> list[Reply]:
        """Let positions only be reduced."""
        return await stop(self.person, CLOSE_ONLY, self.words)

    async def flatten(self) -> list[Reply]:
        """Ask whether everything is to be closed."""
        return await ask_to_flatten(self.person, self.words, self.now)

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
        """Show what trading came to, and send the page that tells it of each account."""
        answer = await self.person.call(
            "AnalyticsService/GetStatistics", analytics_pb2.GetStatisticsRequest()
        )
        replies = [Reply(statistics_text(answer))]
        if not answer.statistics:
            return replies
        for account in (await self.person.accounts())[:_PICTURES_MAX]:
            asked = charts_pb2.GetReportRequest(
                account_id=account.account_id, format=charts_pb2.REPORT_FORMAT_PDF
            )
            replies.append(await self._drawn(account, "GetReport", asked, shown_name(account)))
        return replies

    async def chart(self) -> list[Reply]:
        """Draw the equity of each account; of a symbol that is named, its price."""
        symbol, _, timeframe = self.words.partition(" ")
        name = timeframe.strip().upper() or "H1"
        if name not in _TIMEFRAMES or len(symbol) > _SYMBOL_MAX:
            known = ", ".join(_TIMEFRAMES)
            return [Reply(f"Say a symbol and a timeframe of {known}: /chart EURUSD H4")]
        replies: list[Reply] = []
        for account in (await self.person.accounts())[:_PICTURES_MAX]:
            title = shown_name(account)
            if symbol:
                asked = charts_pb2.GetPriceChartRequest(
                    account_id=account.account_id, symbol=symbol, timeframe=_TIMEFRAMES[name]
                )
                title = " ".join((title, symbol, timeframe.strip().upper())).strip()
                replies.append(await self._drawn(account, "GetPriceChart", asked, title))
            else:
                equity = charts_pb2.GetEquityChartRequest(account_id=account.account_id)
                replies.append(await self._drawn(account, "GetEquityChart", equity, title))
        return replies or [Reply("You have no account.")]

    async def _drawn(
        self, account: accounts_pb2.Account, method: str, asked: Message, title: str
    ) -> Reply:
        """Return a picture or a page, or in a line why there is none."""
        try:
            drawn = await self.person.call(f"ChartService/{method}", asked)
        except CountersignError as error:
            return Reply(f"{shown_name(account)}: {error.reason}: {error}. {error.advice}")
        if drawn.content_type == "application/pdf":
            return Reply(title, document=drawn.data)
        return Reply(title, picture=drawn.data)


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
