"""How each trouble is brought about, and mended."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from countersign_guards.latch import TradingState as Held
from countersign_guards.state import GuardState
from countersign_server.accounts.account import TradingState
from mt5_simulator.terminal.faults import Fault, FaultKind
from mt5_simulator.terminal.terminal import Terminal
from tests.simulation.bridge_node import BridgeNode
from tests.simulation.brokerage import LOGIN, OTHER_LOGIN
from tests.simulation.kernel import Kernel
from tests.simulation.machine import Disk
from tests.simulation.plan import HEALED_AT, Mishap, Trouble
from tests.simulation.world import World

_CONFUSING = frozenset(
    {Trouble.ROLLED_BACK, Trouble.CLONED, Trouble.JOURNAL_LOST, Trouble.RESTORED}
)
# The next time that anybody asks a time server, on a machine that has been standing still.
_CLOCK_SET_AFTER = 10.0
# How often a person looks at what the guard does.
_LOOKS_EVERY = 0.5
Trick = Callable[["Troubles", Mishap], None]
_READING_CALLS = (
    *("positions_get", "history_deals_get", "orders_get", "account_info", "terminal_info"),
    *("symbol_info_tick", "order_check", "history_orders_get"),
)


class Troubles:
    """What goes wrong in one run, by its plan."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kernel: Kernel = world.kernel
        self.chance = world.kernel.chance("troubles")
        self.snapshot: Disk | None = None

    def arm(self) -> None:
        """Let the plan's mishaps come, each at its moment, and the mending after them."""
        plan = self.world.plan
        for mishap in plan.mishaps:
            self.kernel.at(mishap.at, lambda mishap=mishap: self._strike(mishap))
        if any(mishap.what is Trouble.ROLLED_BACK for mishap in plan.mishaps):
            self.kernel.at(self.chance.uniform(3, 25), self._take_snapshot)
        if plan.backup_at is not None:
            self.kernel.at(plan.backup_at, self._back_up)
        self.kernel.at(HEALED_AT, self.heal)

    def heal(self) -> None:
        """Mend everything, and let nothing go wrong from now on."""
        world = self.world
        self.kernel.note("world", "is mended")
        world.perils.clear()
        world.network.weather.calm()
        for bridge in world.bridges[1:]:
            bridge.switch_off()
        terminal = world.bridge.terminal
        terminal.terminal.clear_faults()
        terminal.is_slow = False
        world.bridge.disk.is_full = False
        world.bridge.write_delay = 0.0
        if terminal.terminal.login != LOGIN:
            self._log_back_in()
        # As always, nobody sets the clock of a machine that stands still.
        self.kernel.at(
            max(self.kernel.seconds, world.bridge.machine.asleep_until + _CLOCK_SET_AFTER),
            self._set_clock,
        )
        for server in world.servers:
            if not server.is_up:
                server.start()
        if world.plan.lets_go:
            world.person.release()
            world.person.reset()

    def _set_clock(self) -> None:
        self.bridge.machine.wall_offset = timedelta(seconds=self.world.plan.bridge_offset)

    def _strike(self, mishap: Mishap) -> None:
        if mishap.what in _CONFUSING:
            self.world.checker.is_confused = True
        self.kernel.note("trouble", mishap.what, f"{mishap.lasting:.1f}s {mishap.size:.2f}")
        _TRICKS[mishap.what](self, mishap)

    def _for_a_while(self, mishap: Mishap, mend: Callable[[], None]) -> None:
        """Mend it when its time is over, unless everything has been mended before."""

        def over() -> None:
            if self.kernel.seconds < HEALED_AT:
                mend()

        self.kernel.after(mishap.lasting, over)

    @property
    def bridge(self) -> BridgeNode:
        return self.world.bridge

    @property
    def terminal(self) -> Terminal:
        return self.bridge.terminal.terminal

    def _take_snapshot(self) -> None:
        self.snapshot = self.bridge.disk.copy()

    def _back_up(self) -> None:
        self.kernel.note("world", "is backed up")
        self.world.backup = self.world.books.snapshot()

    def _log_back_in(self) -> None:
        """Do as the bridge says: log in to the account again, then restart it."""
        self.terminal.log_in(LOGIN)
        if self.bridge.is_on:
            self.bridge.die(restart_after=1.0)

    def bridge_dies(self, mishap: Mishap) -> None:
        self.bridge.die(restart_after=mishap.lasting)

    def terminal_process_dies(self, _: Mishap) -> None:
        self.bridge.terminal.kill()

    def terminal_restarts(self, mishap: Mishap) -> None:
        empty_for = timedelta(seconds=mishap.lasting)
        self.terminal.restart(empty_for, breaks_pipe=mishap.size < 0.5)

    def terminal_state(self, mishap: Mishap) -> None:
        kinds = {
            Trouble.TERMINAL_DISCONNECTED: FaultKind.DISCONNECTED,
            Trouble.TERMINAL_LAGS: FaultKind.LAG,
            Trouble.AUTOTRADING_OFF: FaultKind.AUTOTRADING_OFF,
        }
        kind = kinds[mishap.what]
        self.terminal.set_fault(Fault(kind, seconds=mishap.lasting if kind is FaultKind.LAG else 0))
        self._for_a_while(mishap, lambda: self.terminal.clear_faults(kind))

    def terminal_slow(self, mishap: Mishap) -> None:
        self.bridge.terminal.is_slow = True

        def mend() -> None:
            self.bridge.terminal.is_slow = False

        self._for_a_while(mishap, mend)

    def call_fails(self, mishap: Mishap) -> None:
        call = _READING_CALLS[int(mishap.size * len(_READING_CALLS))]
        hangs = mishap.what is Trouble.CALL_HANGS
        kinds = (FaultKind.NO_ANSWER, FaultKind.REPLY_LOST, FaultKind.OUT_OF_STEP)
        kind = FaultKind.HANG if hangs else kinds[self.chance.randrange(len(kinds))]
        self.terminal.set_fault(Fault(kind, call=call, seconds=mishap.lasting))

    def thin_market(self, mishap: Mishap) -> None:
        levels = "0.01@0" if mishap.size < 0.5 else "0.01@0 0.01@2"
        self.terminal.set_fault(Fault(FaultKind.PARTIAL, text=levels, count=2))

    def other_account(self, mishap: Mishap) -> None:
        self.terminal.log_in(OTHER_LOGIN)
        self._for_a_while(mishap, self._log_back_in)

    def disk_full(self, mishap: Mishap) -> None:
        disk = self.bridge.disk
        disk.is_full = True

        def mend() -> None:
            disk.is_full = False

        self._for_a_while(mishap, mend)

    def disk_slow(self, mishap: Mishap) -> None:
        self.bridge.write_delay = 0.1 + mishap.size * 7

        def mend() -> None:
            self.bridge.write_delay = 0.0

        self._for_a_while(mishap, mend)

    def journal_lost(self, mishap: Mishap) -> None:
        self.bridge.disk = Disk(self.bridge.fresh_id())
        self.bridge.die(restart_after=1.0 + mishap.lasting)

    def rolled_back(self, mishap: Mishap) -> None:
        if self.snapshot is not None:
            self.bridge.disk = self.snapshot.copy()
            self.bridge.die(restart_after=mishap.lasting)

    def cloned(self, mishap: Mishap) -> None:
        clone = self.world.add_bridge(f"clone-{len(self.world.bridges)}", self.bridge.disk.copy())
        self.world.bridges.append(clone)
        clone.start()
        if mishap.size < 0.3:
            self.bridge.die(restart_after=mishap.lasting)

    def sleeps(self, mishap: Mishap) -> None:
        still = mishap.what is Trouble.STANDS_STILL
        self.bridge.machine.sleep(mishap.lasting, clock_stands_still=still)

    def clock_jumps(self, mishap: Mishap) -> None:
        # Nobody sets the clock of a machine that stands still: with its steady clock stopped and
        # the other set back meanwhile, nothing on it could tell that time has passed.
        if self.bridge.machine.is_asleep:
            return
        jump = (mishap.size - 0.5) * 2 * (300 if mishap.lasting > 3 else 5)
        self.bridge.machine.wall_offset += timedelta(seconds=jump)

    def cut(self, mishap: Mishap) -> None:
        noticed = [0.05, 1.0, None]
        for stream in self.world.network.streams[-1:]:
            stream.cut(
                bridge_notices=noticed[int(mishap.size * 3)],
                server_notices=self.chance.choice(noticed),
            )

    def half_open(self, mishap: Mishap) -> None:
        """Lose everything on the way, and let neither side notice but by the silence."""
        for stream in self.world.network.streams[-1:]:
            stream.cut(bridge_notices=None, server_notices=None)

    def stalled(self, mishap: Mishap) -> None:
        until = self.kernel.seconds + mishap.lasting
        weather = self.world.network.weather
        if mishap.size < 0.66:
            weather.stalled_until_up = until
        if mishap.size > 0.33:
            weather.stalled_until_down = until

    def slow(self, mishap: Mishap) -> None:
        weather = self.world.network.weather
        weather.latency_max = 0.3 + mishap.size * 5
        self._for_a_while(mishap, weather.calm)

    def misdelivered(self, _: Mishap) -> None:
        self.world.network.misdeliver()

    def server_dies(self, mishap: Mishap) -> None:
        up = [server for server in self.world.servers if server.is_up]
        if up:
            up[int(mishap.size * len(up))].die(restart_after=mishap.lasting)

    def server_drains(self, mishap: Mishap) -> None:
        self.world.servers[int(mishap.size * len(self.world.servers))].drain()

    def all_servers_die(self, mishap: Mishap) -> None:
        for server in self.world.servers:
            # Nothing starts by itself what an operator has stopped, to go back to a backup.
            if not server.is_stopped:
                server.die(restart_after=mishap.lasting)

    def restored(self, mishap: Mishap) -> None:
        """Stop all servers, go back to the backup, and start them as the manual says."""
        backup = self.world.backup
        if backup is None:
            return
        for server in self.world.servers:
            server.die(restart_after=None)

        def start() -> None:
            self.kernel.note("world", "is restored from the backup")
            self.world.books.restore(backup)
            self.world.checker.restored(self.bridge.disk)
            for server in self.world.servers:
                if not server.is_up:
                    server.start(restored=self.world.plan.says_restored)

        self.kernel.after(min(mishap.lasting, 5.0), start)

    def halted(self, mishap: Mishap) -> None:
        halts = mishap.what is Trouble.HALTED
        self.world.person.hold(TradingState.HALTED if halts else TradingState.CLOSE_ONLY)
        self._for_a_while(mishap, self.world.person.reset)

    def switch_pulled(self, mishap: Mishap) -> None:
        states = (TradingState.CLOSE_ONLY, TradingState.HALTED, TradingState.FLATTENING)
        self.world.person.pull(states[int(mishap.size * len(states))])
        self._for_a_while(mishap, self.world.person.release)

    def latch_reset(self, mishap: Mishap) -> None:
        """Let a person see what the guard did, and lift its latch after a while."""
        self._once(
            lambda guard: not guard.latch.state.may_open,
            lambda: self.kernel.after(mishap.lasting, self.world.person.reset),
        )

    def called_off(self, mishap: Mishap) -> None:
        """Let a person see that everything is to be closed, and stop it after a moment."""
        self._once(
            lambda guard: guard.countdown is not None or guard.latch.state is Held.FLATTENING,
            lambda: self.kernel.after(mishap.size * 12, self.world.person.call_off),
        )

    def _once(self, holds: Callable[[GuardState], bool], act: Callable[[], None]) -> None:
        """Act as soon as something holds of the server's guard, as its owner sees it."""
        guard = self.world.ledger.guard()
        if guard is not None and holds(guard.state):
            act()
        elif self.kernel.seconds < HEALED_AT:
            self.kernel.after(_LOOKS_EVERY, lambda: self._once(holds, act))

    def price_jumps(self, mishap: Mishap) -> None:
        """Let the price move far, to and fro, several times a second."""
        points = int((mishap.size - 0.5) * 3000)
        for step in range(int(mishap.lasting * 4)):
            move = points if step % 2 == 0 else -points
            self.kernel.after(step / 4, lambda move=move: self.world.brokerage.jump(move))

    def equity_crashes(self, mishap: Mishap) -> None:
        """Let somebody trade far too much from a phone, and the market go the other way."""
        is_buy = mishap.size < 0.5
        self.world.brokerage.open_by_hand(is_buy=is_buy)
        points = -700 if is_buy else 700
        # The guard must have seen the account before, and what it fell from.
        self.kernel.after(15.0, lambda: self.world.brokerage.jump(points))

    def closed_by_hand(self, mishap: Mishap) -> None:
        self.world.brokerage.close_by_hand(mishap.size)

    def reopened(self, mishap: Mishap) -> None:
        self.world.brokerage.reopen(mishap.size)

    def money_moves(self, _: Mishap) -> None:
        self.world.brokerage.pay_in()

    def settled(self, mishap: Mishap) -> None:
        self.world.person.settle(mishap.size)

    def tampered(self, mishap: Mishap) -> None:
        """Try once a moment for a while: a command waits for a moment only."""
        for step in range(200):
            self.kernel.after(step * 0.02, lambda: self.world.person.tamper(mishap.size))


_TRICKS: Mapping[Trouble, Trick] = {
    Trouble.BRIDGE_DIES: Troubles.bridge_dies,
    Trouble.TERMINAL_PROCESS_DIES: Troubles.terminal_process_dies,
    Trouble.TERMINAL_RESTARTS: Troubles.terminal_restarts,
    Trouble.TERMINAL_DISCONNECTED: Troubles.terminal_state,
    Trouble.TERMINAL_LAGS: Troubles.terminal_state,
    Trouble.TERMINAL_SLOW: Troubles.terminal_slow,
    Trouble.AUTOTRADING_OFF: Troubles.terminal_state,
    Trouble.CALL_UNANSWERED: Troubles.call_fails,
    Trouble.CALL_HANGS: Troubles.call_fails,
    Trouble.THIN_MARKET: Troubles.thin_market,
    Trouble.OTHER_ACCOUNT: Troubles.other_account,
    Trouble.DISK_FULL: Troubles.disk_full,
    Trouble.DISK_SLOW: Troubles.disk_slow,
    Trouble.JOURNAL_LOST: Troubles.journal_lost,
    Trouble.ROLLED_BACK: Troubles.rolled_back,
    Trouble.CLONED: Troubles.cloned,
    Trouble.SLEEPS: Troubles.sleeps,
    Trouble.STANDS_STILL: Troubles.sleeps,
    Trouble.CLOCK_JUMPS: Troubles.clock_jumps,
    Trouble.CUT: Troubles.cut,
    Trouble.HALF_OPEN: Troubles.half_open,
    Trouble.STALLED: Troubles.stalled,
    Trouble.SLOW: Troubles.slow,
    Trouble.MISDELIVERED: Troubles.misdelivered,
    Trouble.SERVER_DIES: Troubles.server_dies,
    Trouble.SERVER_DRAINS: Troubles.server_drains,
    Trouble.ALL_SERVERS_DIE: Troubles.all_servers_die,
    Trouble.RESTORED: Troubles.restored,
    Trouble.HALTED: Troubles.halted,
    Trouble.CLOSE_ONLY: Troubles.halted,
    Trouble.PRICE_JUMPS: Troubles.price_jumps,
    Trouble.CLOSED_BY_HAND: Troubles.closed_by_hand,
    Trouble.REOPENED: Troubles.reopened,
    Trouble.MONEY_MOVES: Troubles.money_moves,
    Trouble.EQUITY_CRASHES: Troubles.equity_crashes,
    Trouble.LATCH_RESET: Troubles.latch_reset,
    Trouble.CALLED_OFF: Troubles.called_off,
    Trouble.SWITCH_PULLED: Troubles.switch_pulled,
    Trouble.SETTLED: Troubles.settled,
    Trouble.TAMPERED: Troubles.tampered,
}
