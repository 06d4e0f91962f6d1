"""Each safety mechanism taken away in turn: a seed must notice, or another layer must be named.

A mutant replaces named functions or values of the product inside a process of its own. The product
knows nothing of it, and a name that is gone fails loudly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from countersign_server.execution.session import Taking
from countersign_server.guards.closer import Pursued
from tests.simulation import mutations as how
from tests.simulation.mutations import Change, always, always_later, instead

BRIDGE, SERVER, BOOK, GUARDS = (
    *("countersign_bridge", "countersign_server.execution"),
    *("tests.simulation.memory_book", "countersign_server.guards"),
)
_EVERY_STATE = frozenset({"active", "warned", "close-only", "flattening", "halted"})
_FAR = datetime(2100, 1, 1, tzinfo=UTC)
_HELD_LONG = timedelta(hours=-1)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mechanism taken away.

    `survives` empty: it must die within `seeds`; otherwise why nobody notices it alone. `focus`:
    the families of trouble in which the mechanism matters.
    """

    name: str
    takes_away: str
    changes: Sequence[tuple[str, Change]]
    seeds: int = 200
    focus: Sequence[str] = ()
    survives: str = ""


def apply(mutant: Mutant) -> None:
    """Replace what the mutant replaces, in this process, for good. Raises AttributeError."""
    for path, change in mutant.changes:
        owner, name = _owner_of(path)
        setattr(owner, name, change(getattr(owner, name)))


def _owner_of(path: str) -> tuple[Any, str]:
    module, _, names = path.partition(":")
    owner: Any = import_module(module)
    *holders, last = names.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    return owner, last


def is_there(path: str) -> bool:
    """Whether the product still has what a mutant replaces."""
    owner, name = _owner_of(path)
    return hasattr(owner, name)


# Each dies alone.
KILLED = (
    Mutant(
        "regrant",
        "single use: an attempt that was granted is never granted again",
        [
            (f"{BOOK}:MemoryCommands.grant", how.blind_to_state),
            (
                f"{BOOK}:UNGRANTED",
                instead(frozenset({"approved", "offered", "granted", "in-doubt"})),
            ),
            (
                f"{SERVER}.session:UNGRANTED",
                instead(frozenset({"approved", "offered", "granted", "in-doubt"})),
            ),
            (f"{BRIDGE}.trading.desk:Desk.hear_offer", how.forgets_attempts),
        ],
        focus=("network", "server"),
    ),
    Mutant(
        "no_expiry_at_grant",
        "the grant's own look at the expiry",
        [(f"{BOOK}:MemoryCommands.grant", how.blind_to(expires_at=_FAR))],
        seeds=600,
        focus=("network",),
    ),
    Mutant(
        "revoke_without_cas",
        "revoking and granting decide on the same row",
        [
            (f"{SERVER}.mandates:withdraw", how.revoke_without_asking),
            ("tests.simulation.person:withdraw", how.revoke_without_asking),
        ],
        seeds=600,
    ),
    Mutant(
        "no_halt_at_grant",
        "the grant's look at the account's trading state",
        [
            (f"{SERVER}.grants:MAY_OPEN", instead(_EVERY_STATE)),
            (f"{SERVER}.grants:MAY_REDUCE", instead(_EVERY_STATE)),
        ],
        focus=("people",),
    ),
    Mutant(
        "no_doubt_of_the_silent",
        "a grant that is followed by silence comes into doubt",
        [(f"{SERVER}.command_clock:CommandClock._doubt", always_later([]))],
        focus=("bridge", "server"),
    ),
    Mutant(
        "no_presumption",
        "a doubt that nothing speaks for ends",
        [(f"{SERVER}.command_clock:CommandClock._presume", always_later([]))],
    ),
    Mutant(
        "presume_at_once",
        "the evidence rule: connected, whole history, long enough",
        [
            (f"{SERVER}.command_clock:may_presume", always(value=True)),
            (f"{BOOK}:MemoryCommands.doubts_without_trace", how.patient_for_nothing),
        ],
    ),
    Mutant(
        "timeout_is_reject",
        "an unclear answer is a doubt and no refusal",
        [(f"{BRIDGE}.trading.desk:classify", how.rejects_what_is_unclear)],
    ),
    Mutant(
        "not_found_is_reject_15s",
        "not found is never not done",
        [(f"{BRIDGE}.trading.doubts:Doubts._seen", how.rejects_what_is_not_found)],
    ),
    Mutant(
        "retry_if_not_found",
        "nothing in doubt is sent again",
        [(f"{BRIDGE}.trading.doubts:Doubts._seen", how.asks_to_send_again)],
    ),
    Mutant(
        "certain_without_knowledge",
        "only the process that claimed knows that it never saw a grant",
        [(f"{BRIDGE}.trading.desk:Desk.certainly_not_sent", always(value=True))],
        focus=("bridge",),
    ),
    Mutant(
        "no_resolver",
        "the server's question about a doubt is answered",
        [(f"{BRIDGE}.trading.doubts:Doubts.hear_resolve", always([]))],
        focus=("bridge", "server"),
    ),
    Mutant(
        "no_grant_deadline",
        "a grant holds for five seconds from its claim, at every check",
        [
            (f"{BRIDGE}.trading.attempts:lapse_of", always(_HELD_LONG)),
            (f"{BRIDGE}.trading.desk:lapse_of", always(_HELD_LONG)),
        ],
        seeds=800,
        focus=("network", "bridge"),
    ),
    Mutant(
        "no_countersignature_check",
        "the bridge verifies what the owner countersigned",
        [(f"{BRIDGE}.trading.verification:is_countersigned", always(value=True))],
        focus=("attack",),
    ),
    Mutant(
        "no_account_check",
        "each job looks whose account the terminal shows",
        [
            (f"{BRIDGE}.terminal.calls:TerminalCalls._account", how.sees_any_account),
            (f"{BRIDGE}.trading.verification:account_facts", how.shows_our_account),
        ],
        seeds=800,
        focus=("machine",),
    ),
    Mutant(
        "no_band_at_send",
        "the price band is looked at again at the very last moment",
        [(f"{BRIDGE}.terminal.calls:TerminalCalls._out_of_band", always(None))],
        seeds=1500,
        focus=("people", "network"),
    ),
    Mutant(
        "scan_local_clock_window",
        "deals are asked for to the far end of time, not to our clock's now",
        [(f"{BRIDGE}.reporting.ledger:Ledger.tick", how.scans_until_now)],
    ),
    Mutant(
        "evidence_changes_nothing",
        "evidence beats state: a deal moves its command whatever was thought before",
        [(f"{SERVER}.deals:_show", always_later(None))],
    ),
    Mutant(
        "counts_any_deal",
        "a command's fill is that of its own order",
        [(f"{SERVER}.deals:is_its_own", always(value=True))],
        focus=("people",),
    ),
    Mutant(
        "deadline_from_fsync",
        "the deadline counts from the claim and not from the fsync",
        [(f"{BRIDGE}.trading.desk:Desk._armed", how.counts_from_the_fsync)],
        focus=("bridge",),
        seeds=800,
    ),
    Mutant(
        "no_guard_latch",
        "what the guard beside the terminal has latched keeps the bridge from opening",
        [(f"{BRIDGE}.situation:Situation.lets", how.blind_to_the_guard)],
        seeds=600,
        focus=("crash",),
    ),
    Mutant(
        "guard_never_closes",
        "the bridge closes by itself when its guard says so and no server does",
        [(f"{BRIDGE}.guarding.closer:Closer._is_ours", always(value=False))],
        focus=("crash",),
    ),
    Mutant(
        "latch_holds_nothing",
        "an account may do no more than its guard and the switches leave it",
        [(f"{GUARDS}.keeping:standing_of", how.frees_the_account)],
        focus=("guards",),
    ),
    Mutant(
        "switch_holds_later",
        "a switch holds every account in the transaction that pulls it",
        [("tests.simulation.memory_guards:MemoryStandings.hold_freer", always_later(()))],
        seeds=600,
        focus=("guards",),
    ),
    Mutant(
        "switch_let_go_by_a_look",
        "an account stays held as long as a switch holds, whatever its guard sees",
        [(f"{GUARDS}.keeping:state_of_everything", how.overlooks_switches)],
        focus=("guards",),
    ),
    Mutant(
        "server_never_closes",
        "the server closes what a guard or a switch wants closed",
        [(f"{GUARDS}.closer:Closer.pursue", always_later(Pursued()))],
        seeds=600,
        focus=("guards", "crash"),
    ),
    Mutant(
        "server_keeps_no_latch",
        "what the server's guard has latched is in the database",
        [("tests.simulation.memory_guards:MemoryGuards.save", how.keeps_no_latch)],
        focus=("crash",),
    ),
    Mutant(
        "latch_opens_when_flat",
        "an account that was closed stays held until a person lets it go",
        [("countersign_guards.guardian:_end", how.opens_again_when_flat)],
        focus=("crash",),
    ),
    Mutant(
        "server_hears_no_guard",
        "the server's guard takes over what the bridge's has latched",
        [(f"{GUARDS}.bridge_story:agree", how.goes_by_itself_alone)],
        seeds=600,
        focus=("crash", "backup", "network"),
    ),
    Mutant(
        "bridge_hears_no_guard",
        "the bridge's guard takes over a person's reset, and what the server's has latched",
        [(f"{BRIDGE}.guarding.guard:agree", how.goes_by_itself_alone)],
        focus=("guards", "people"),
    ),
    Mutant(
        "no_hold",
        "nothing is opened beside a doubt of the same symbol and side",
        [
            (f"{BOOK}:MemoryCommands._holder", always(None)),
            (f"{SERVER}.session:holds_back", always(value=False)),
        ],
        focus=("bridge", "terminal"),
    ),
    Mutant(
        "no_quarantine",
        "what was open when a backup was made comes into doubt after a restore",
        [("tests.simulation.server_node:quarantine", always_later(0))],
        focus=("backup",),
    ),
    Mutant(
        "no_wall_deadline",
        "a machine that was suspended finds its grant lapsed",
        [(f"{BRIDGE}.terminal.calls:TerminalCalls._slept_over", always(None))],
        seeds=600,
    ),
    Mutant(
        "no_single_session",
        "one session speaks for an account",
        [
            (f"{BOOK}:MemoryDevices.take_lease", always_later(value=True)),
            (f"{BOOK}:MemoryDevices.renew_lease", always_later(value=True)),
            (f"{BOOK}:MemoryDevices.holds_lease", always_later(value=True)),
        ],
        focus=("machine", "network"),
    ),
    Mutant(
        "one_clock",
        "a span is measured by two clocks and the longer one counts",
        [(f"{BRIDGE}.clock:Moment.since", how.by_the_steady_clock)],
        seeds=1600,
        focus=("bridge",),
    ),
    Mutant(
        "no_digest",
        "both sides compare their deals day by day",
        [(f"{BRIDGE}.reporting.ledger:_digests", always([]))],
    ),
    Mutant(
        "volatile_outbox",
        "what was not acknowledged is told again after a restart",
        [(f"{BRIDGE}.channel.outbox:Outbox.__init__", how.forgets_what_was_not_told)],
        seeds=800,
        focus=("bridge",),
    ),
    Mutant(
        "no_fence_deadline",
        "the terminal process asks for the deadline, by both clocks",
        [
            (f"{BRIDGE}.terminal.fence:Fence._refusal", how.fence_without_deadline),
            (f"{BRIDGE}.terminal.calls:TerminalCalls._slept_over", always(None)),
            ("tests.simulation.terminal_node:is_late", always(value=False)),
        ],
        focus=("bridge",),
    ),
)

SURVIVORS = (
    Mutant(
        "two_record_result",
        "a result and the event that tells of it are one record",
        [(f"{BRIDGE}.trading.desk:Desk._result", how.writes_twice)],
        focus=("bridge",),
        survives="what was concluded is in the journal, and is told when the server asks about it",
    ),
    Mutant(
        "no_intent_fsync",
        "the intent is on the disk before the order is sent",
        [(f"{BRIDGE}.trading.desk:Desk.hear_grant", how.writes_no_intent)],
        focus=("bridge",),
        survives="what the terminal shows under the tag, which the server knows, ends the doubt",
    ),
    Mutant(
        "no_natural_keys",
        "a report counts once however often it is told",
        [(f"{SERVER}.reports:remember", how.takes_every_report_for_new)],
        focus=("network", "server"),
        survives="a result changes only a command that waits for one; deals count by their tickets",
    ),
    Mutant(
        "no_generation_echo",
        "a bridge that has seen more grants than the book puts what is open in doubt",
        [(f"{SERVER}.opening:agree_on_generation", how.believes_the_book)],
        focus=("backup",),
        survives="people say that the database is restored, and all that was open comes into doubt",
    ),
    Mutant(
        "ack_before_commit",
        "nothing is acknowledged before it is durable",
        [(f"{SERVER}.intake:Intake.take", how.acknowledges_first)],
        focus=("server",),
        survives="a lost deal shows in the digests, and a lost result is asked for again",
    ),
    Mutant(
        "no_precheck",
        "a terminal that already shows the tag is not sent to",
        [(f"{BRIDGE}.trading.verification:_already_sent", always(None))],
        survives="a grant is given once, and what was granted is not offered again",
    ),
    Mutant(
        "no_epoch_check",
        "frames of another session are refused, on both sides",
        [
            (f"{SERVER}.intake:Intake.take", how.takes_any_epoch),
            (f"{BRIDGE}.channel.session:Session.hear", how.hears_any_epoch),
        ],
        focus=("network",),
        survives="sequence numbers leave a gap, digests show a lost deal, doubts are asked about",
    ),
    Mutant(
        "no_sequence_check",
        "frames are taken once each and in order",
        [(f"{SERVER}.session:Incoming.place", always(Taking.TAKE))],
        focus=("network",),
        survives="reports have natural keys, and a stream keeps its order",
    ),
    Mutant(
        "no_latch_at_bridge",
        "the bridge's own latch",
        [(f"{BRIDGE}.trading.latch:Latch.lets", always(value=True))],
        focus=("people",),
        survives="the grant looks at the same trading state; the latch is for the time in between",
    ),
    Mutant(
        "no_digest_check",
        "the bridge compares the text with its digest",
        [(f"{BRIDGE}.trading.verification:sha256", how.agrees_with_anything)],
        focus=("attack",),
        survives="the countersignature is over the text itself",
    ),
    Mutant(
        "no_fence_single_use",
        "the last fence admits each grant once",
        [(f"{BRIDGE}.terminal.fence:Fence.admit", how.fence_with_a_short_memory)],
        focus=("bridge", "terminal"),
        survives="nothing above it sends a grant twice; it dies with what does",
    ),
    Mutant(
        "no_recheck_after_fsync",
        "the deadline is asked for again when the intent is on the disk",
        [(f"{BRIDGE}.trading.desk:Desk._armed", how.asks_nothing_more)],
        focus=("bridge",),
        survives="the fence in the terminal process asks for the deadline once more",
    ),
)
MUTANTS: Mapping[str, Mutant] = {mutant.name: mutant for mutant in (*KILLED, *SURVIVORS)}
