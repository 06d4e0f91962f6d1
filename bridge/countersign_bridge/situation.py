"""What the bridge knows at this moment of the world around it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from countersign_bridge.clock import Moment
from countersign_bridge.intents import Kind
from countersign_bridge.terminal.views import TerminalView
from countersign_bridge.trading.latch import Latch, lets
from countersign_bridge.trading.resolution import Continuity
from countersign_bridge.trading.verification import Identity
from countersign_guards.latch import TradingState

# Longer without a look at the terminal, and a short disconnection may have gone unseen.
GAP_MAX = timedelta(seconds=15)


@dataclass(slots=True)
class Situation:
    """Shared by the parts of the bridge; each part says what it sees, all read."""

    identity: Identity
    latch: Latch = field(default_factory=Latch)
    # What the guard beside this terminal holds, whatever the server says.
    guard: TradingState = TradingState.ACTIVE
    generation_seen: int = 0
    session_open: bool = False
    # The server's last word is that another bridge serves the account.
    held_elsewhere: bool = False
    draining: bool = False
    server_told: datetime | None = None
    server_told_at: Moment | None = None
    terminal: TerminalView | None = None
    account_trade_allowed: bool = False
    account_is_ours: bool = True
    broker_offset: timedelta | None = None
    continuity: Continuity = field(default_factory=Continuity)

    def server_now(self, now: Moment) -> datetime:
        """Return the server's clock, which decides about expiry; ours until it has been told."""
        if self.server_told is None or self.server_told_at is None:
            return now.utc
        return self.server_told + now.since(self.server_told_at)

    def hear_server_time(self, told: datetime, now: Moment) -> None:
        self.server_told = told
        self.server_told_at = now

    def see_terminal(self, terminal: TerminalView, now: Moment) -> None:
        self.terminal = terminal
        self.continuity = self.continuity.seen(
            connected=terminal.connected, now=now, gap_max=GAP_MAX
        )

    def lets(self, kind: Kind) -> bool:
        """Whether a command of this kind may go to the terminal: neither side holds it up."""
        return self.latch.lets(kind) and lets(self.guard, kind)

    @property
    def trading_state(self) -> TradingState:
        """Return the stricter of what the server and the guard here say."""
        return max(self.latch.state, self.guard, key=lambda state: state.severity)

    @property
    def terminal_connected(self) -> bool:
        return self.terminal is not None and self.terminal.connected
