"""What takes a mechanism's place when it is taken away: functions, each broken in one way.

Every function here gets what it replaces and returns what stands in its place.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from countersign.v1 import execution_pb2 as pb
from countersign_bridge.effects import Ask, Write, nothing
from countersign_bridge.journal.records import Record, RecordKind
from countersign_bridge.terminal import jobs, structures
from countersign_bridge.trading import desk
from countersign_bridge.trading.recording import Ending
from countersign_bridge.trading.retcodes import Outcome, Verdict
from countersign_guards.latch import Latch
from countersign_server.accounts.account import TradingState as AccountState
from countersign_server.audit.entries import Entry, Trace
from countersign_server.execution.lifecycle import CommandState

# What was there comes in, what takes its place goes out.
Change = Callable[[Any], Any]
# How soon an impatient resolver gives up.
_SOON = timedelta(seconds=15)
_PATIENCE = 3


def always(value: object) -> Change:
    """Let a function return the same whatever it is asked."""

    def answer(*_args: object, **_kwargs: object) -> object:
        return value

    return lambda _: answer


def always_later(value: object) -> Change:
    """Let a coroutine function return the same whatever it is asked."""

    def change(_: Any) -> Any:
        async def answer(*_args: object, **_kwargs: object) -> object:
            return value

        return answer

    return change


def instead(value: object) -> Change:
    """Put a value in the place of another."""
    return lambda _: value


def blind_to_state(grant: Any) -> Any:
    async def granted(self: Any, claim: Any, **rest: Any) -> Any:
        command = await self.seen(claim.command_id, account_id=claim.account_id)
        if command and command.state in (CommandState.GRANTED, CommandState.IN_DOUBT):
            self._put(replace(command, state=CommandState.OFFERED))
        return await grant(self, claim, **rest)

    return granted


def blind_to(**fields: Any) -> Change:
    """Let a grant not see some fields of the command."""

    def change(grant: Any) -> Any:
        async def granted(self: Any, claim: Any, **rest: Any) -> Any:
            command = await self.seen(claim.command_id, account_id=claim.account_id)
            if command is None or command.state is not CommandState.OFFERED:
                return await grant(self, claim, **rest)
            self._put(replace(command, **fields))
            done = await grant(self, claim, **rest)
            kept = {name: getattr(command, name) for name in fields}
            return self._put(replace(done, **kept)) if done else done

        return granted

    return change


def acknowledges_first(take: Any) -> Any:
    async def taken(self: Any, session: Any, frames: list[Any]) -> Any:
        if frames and frames[0].session_epoch == session.opened.epoch:
            session.say(ack=pb.Ack(upto=frames[-1].sequence))
        return await take(self, session, frames)

    return taken


def believes_the_book(_: Any) -> Any:
    async def agreed(_book: Any, account: Any, _seen: int, **_rest: Any) -> int:
        return int(account.generation)

    return agreed


def takes_any_epoch(take: Any) -> Any:
    async def taken(self: Any, session: Any, frames: list[Any]) -> Any:
        for frame in frames:
            frame.session_epoch = session.opened.epoch
        return await take(self, session, frames)

    return taken


def hears_any_epoch(hear: Any) -> Any:
    def heard(self: Any, stream: int, frame: Any, now: Any) -> Any:
        if self._epoch:
            frame.session_epoch = self._epoch
        return hear(self, stream, frame, now)

    return heard


def rejects_what_is_unclear(classify: Any) -> Any:
    def classified(answer: Any, request: Any) -> Any:
        verdict = classify(answer, request)
        unclear = verdict.outcome is Outcome.IN_DOUBT
        return Verdict(Outcome.REJECTED, verdict.reason) if unclear else verdict

    return classified


def rejects_what_is_not_found(seen: Any) -> Any:
    def looked(self: Any, key: Any, outcome: Any, now: Any) -> Any:
        doubt = self._doubts.get(key)
        effects = seen(self, key, outcome, now)
        if key in self._doubts and doubt is not None and now.since(doubt.since) > _SOON:
            ending = Ending(Outcome.REJECTED, "NOT_FOUND")
            return self._conclude(self._doubts[key], ending, now)
        return effects

    return looked


def writes_no_intent(hear: Any) -> Any:
    def heard(self: Any, message: Any, now: Any) -> Any:
        effects = hear(self, message, now)
        if len(effects) == 1 and isinstance(effects[0], Write):
            write = effects[0]
            if write.records[0].kind is RecordKind.INTENT:
                return write.then(now)
        return effects

    return heard


def writes_twice(result: Any) -> Any:
    def concluded(self: Any, *arguments: Any) -> Any:
        log, write = result(self, *arguments)
        record = write.records[0]
        return [log, Write([replace(record, event=b"")]), Write([event_of(record)])]

    return concluded


def event_of(record: Record) -> Record:
    details = {"reason": "", "detail": "", "final": False}
    return Record(RecordKind.DECLINED, record.time, *key(record), details, record.event)


def key(record: Record) -> tuple[str, int]:
    return record.command_id, record.attempt


def scans_until_now(tick: Any) -> Any:
    def ticked(self: Any, now: Any) -> Any:
        effects = tick(self, now)
        until = int(now.utc.timestamp())
        return [
            replace(effect, job=replace(effect.job, until_s=until))
            if isinstance(effect, Ask)
            else effect
            for effect in effects
        ]

    return ticked


def forgets_what_was_not_told(init: Any) -> Any:
    def began(self: Any, _: Any) -> None:
        init(self, ())

    return began


def forgets_attempts(hear: Any) -> Any:
    def heard(self: Any, message: Any, now: Any) -> Any:
        key = (message.command_id, message.attempt)
        for past in (self._past.intents, self._past.outcomes):
            past.pop(key, None)
        return hear(self, message, now)

    return heard


def patient_for_nothing(find: Any) -> Any:
    async def found(self: Any, *, after: Any, before: Any, limit: Any) -> Any:
        return await find(self, after=after, before=before + timedelta(seconds=60), limit=limit)

    return found


def shows_our_account(facts: Any) -> Any:
    def shown(account: Any) -> Any:
        return facts(replace(account, login=1_000_001))

    return shown


def fence_without_deadline(refusal: Any) -> Any:
    def refused(self: Any, order: Any, now: Any, *rest: Any) -> Any:
        return refusal(self, replace(order, deadline=now + 1), now, *rest)

    return refused


def fence_with_a_short_memory(admit: Any) -> Any:
    def admitted(self: Any, order: Any, *rest: Any) -> Any:
        self._used_grants.clear()
        return admit(self, order, *rest)

    return admitted


class _Agreeable:
    """A hash that is whatever it is compared with."""

    def hexdigest(self) -> Any:
        return _Anything()


class _Anything(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


def agrees_with_anything(_: Any) -> Any:
    def hashed(_: bytes) -> _Agreeable:
        return _Agreeable()

    return hashed


def by_the_steady_clock(_: Any) -> Any:
    def since(self: Any, earlier: Any) -> timedelta:
        return timedelta(seconds=self.monotonic - earlier.monotonic)

    return since


def revoke_without_asking(withdraw: Any) -> Any:
    async def withdrawn(book: Any, approval_id: Any, reason: str, trace: Any, now: Any) -> bool:
        command = await book.commands.of_approval(approval_id, hold=True)
        if command is None or command.state is not CommandState.GRANTED:
            return await withdraw(book, approval_id, reason, trace, now)
        await book.commands.change(command, {"state": CommandState.REVOKED, "reason": reason})
        entry = Entry(
            kind="command.revoked",
            subject=f"command:{command.id}",
            event_time=now,
            trace=Trace(actor="mutant"),
            command_id=command.id,
        )
        await book.record(entry)
        return True

    return withdrawn


def asks_to_send_again(seen: Any) -> Any:
    def looked(self: Any, key: Any, outcome: Any, now: Any) -> Any:
        doubt = self._doubts.get(key)
        effects = seen(self, key, outcome, now)
        if key not in self._doubts or doubt is None or not doubt.fields or doubt.looks != _PATIENCE:
            return effects
        again = jobs.Send(
            fields=doubt.fields,
            grant_id=key[0].encode()[-16:],
            deadline=now.monotonic + 5,
            deadline_wall=now.utc.timestamp() + 5,
            price_min=None,
            price_max=None,
            closes=False,
        )
        return [*effects, Ask(again, nothing)]

    return looked


def sees_any_account(_: Any) -> Any:
    def account(self: Any) -> Any:
        return structures.account_view(self._read("account_info"))

    return account


def counts_from_the_fsync(armed: Any) -> Any:
    def sent(self: Any, key: Any, record: Any, now: Any) -> Any:
        self._in_hand.keep(replace(self._in_hand[key], claimed_at=now))
        return armed(self, key, record, now)

    return sent


def asks_nothing_more(armed: Any) -> Any:
    def sent(self: Any, key: Any, record: Any, now: Any) -> Any:
        asks, desk.forgo_reason = desk.forgo_reason, always(None)(None)
        try:
            return armed(self, key, record, now)
        finally:
            desk.forgo_reason = asks

    return sent


def takes_every_report_for_new(remember: Any) -> Any:
    async def remembered(*arguments: Any, **facts: Any) -> bool:
        await remember(*arguments, **facts)
        return True

    return remembered


def blind_to_the_guard(_: Any) -> Any:
    """Let go what the server's word alone lets go."""

    def lets(situation: Any, kind: Any) -> bool:
        return situation.latch.lets(kind)

    return lets


def keeps_no_latch(save: Any) -> Any:
    """Let a guard's memory end with the process."""

    async def saved(self: Any, kept: Any, now: Any) -> None:
        await save(self, replace(kept, state=replace(kept.state, latch=Latch())), now)

    return saved


def goes_by_itself_alone(_: Any) -> Any:
    """Let each side of the link believe what it holds itself."""

    def agreed(state: Any, _: Any) -> Any:
        return state, ()

    return agreed


def opens_again_when_flat(end: Any) -> Any:
    def ended(state: Any, view: Any) -> Any:
        after, effects = end(state, view)
        return (replace(after, latch=Latch()) if effects else after), effects

    return ended


def frees_the_account(_: Any) -> Any:
    def standing(_guard: Any, _everything: Any, *, flat: bool) -> Any:
        _ = flat
        return AccountState.ACTIVE, ""

    return standing


def overlooks_switches(_: Any) -> Any:
    def left(_: Any) -> Any:
        return AccountState.ACTIVE

    return left
