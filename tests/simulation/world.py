"""Everything of one run put together: broker, machines, network, servers, person, checker."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from countersign.v1 import execution_pb2 as pb
from countersign_server.accounts.account import Account, AccountLimits, MarginMode, TradingState
from countersign_server.devices.device import Device
from countersign_server.execution.symbols import MappedSymbol
from countersign_server.rpc.caller import Caller, Role
from mt5_simulator.terminal.terminal import Terminal
from mt5_simulator.terminal.weather import Weather as SendWeather
from tests.simulation.bridge_node import BridgeNode, Trust
from tests.simulation.brokerage import LOGIN, SERVER, SYMBOL, Brokerage
from tests.simulation.checker import Checker
from tests.simulation.kernel import START, Kernel
from tests.simulation.ledger import Ledger
from tests.simulation.machine import Disk, Machine
from tests.simulation.memory_books import MemoryBooks
from tests.simulation.memory_tables import Tables
from tests.simulation.network import Network, Stream
from tests.simulation.perils import Perils
from tests.simulation.person import Identity, Person
from tests.simulation.plan import plan_of
from tests.simulation.server_node import ServerNode
from tests.simulation.signing import FINGERPRINT, KEY, KEY_ID
from tests.simulation.store import Store
from tests.simulation.terminal_node import KernelClock, TerminalNode

_BELL_LOST = 0.1


class World:
    """One run. `focus`: families of trouble that are part of it whatever the seed says."""

    def __init__(self, seed: int, focus: Sequence[str] = ()) -> None:
        self.kernel = kernel = Kernel(seed)
        self.plan = plan_of(kernel, focus)
        self.perils = Perils(
            self.plan.perils,
            note=lambda point: kernel.note("peril", point),
            stand_still=lambda seconds: self.bridge.machine.sleep(seconds, clock_stands_still=True),
        )
        self.network = Network(kernel)
        self.brokerage = Brokerage(kernel, partial_fills=self.plan.partial_fills)
        self.clock = KernelClock(kernel)
        self.identity = _identity(kernel)
        self.books = MemoryBooks(kernel.now)
        self._fill_books()
        self.ledger = Ledger(self.books, self.identity.account_id)
        self.checker = Checker(kernel, self.ledger, self.brokerage)
        self.store = Store(kernel, self.books, perils=self.perils, committed=self.checker.committed)
        self.backup: Tables | None = None
        self._bells = kernel.chance("bells")
        self._choices = kernel.chance("gateway")
        self.servers = [
            ServerNode(
                kernel,
                f"server-{number + 1}",
                store=self.store,
                perils=self.perils,
                ring_all=self.ring,
                callers=lambda _: self._caller,
                clock_offset=timedelta(seconds=self.plan.server_offsets[number]),
                failed=self.checker.error,
            )
            for number in range(self.plan.servers)
        ]
        self._caller = Caller(
            id=self.identity.device_id,
            role=Role.DEVICE,
            owner_id=self.identity.owner_id,
            session="simulated",
            account_id=self.identity.account_id,
        )
        self.bridges = [self.add_bridge("bridge", Disk(UUID(int=1)))]
        self.person = Person(
            kernel,
            self.identity,
            plan=self.plan,
            servers=self.servers,
            store=self.store,
            books=self.books,
            brokerage=self.brokerage,
            checker=self.checker,
            ring=self.ring,
        )

    @property
    def bridge(self) -> BridgeNode:
        """The bridge that has been there from the start."""
        return self.bridges[0]

    def add_bridge(self, name: str, disk: Disk) -> BridgeNode:
        """Set up a machine with a bridge and a terminal of its own on our account."""
        machine = Machine(self.kernel, name, timedelta(seconds=self.plan.bridge_offset))
        terminal = Terminal(self.brokerage.broker, self.clock, login=LOGIN)
        terminal.weather = SendWeather(
            self.kernel.seed, self.plan.send_faults, delay_seconds_max=self.plan.delay_max
        )
        node = TerminalNode(
            machine,
            terminal,
            perils=self.perils,
            server=SERVER,
            login=LOGIN,
            clock=self.clock,
            sending=self.checker.sending,
            asked_broker=self.brokerage.tell_received,
        )
        return BridgeNode(
            machine,
            disk=disk,
            terminal=node,
            network=self.network,
            reach_server=self._reach_server,
            perils=self.perils,
            trust=Trust(self.identity.device_id, {KEY_ID: KEY.public_key().public_bytes_raw()}),
            guards=self.checker.guards,
        )

    def ring(self, topics: tuple[str, ...]) -> None:
        """Ring in every process, soon; a bell may be missed."""
        for server in self.servers:
            if self._bells.random() >= _BELL_LOST:
                delay = self._bells.uniform(0.001, 0.03)
                self.kernel.after(delay, lambda server=server: server.ring(topics))

    def _reach_server(self, stream: Stream, hello: pb.ChannelRequest) -> None:
        up = [server for server in self.servers if server.is_up]
        stream.open(self._choices.choice(up) if up else None, hello)

    def _fill_books(self) -> None:
        tables, identity = self.books.tables, self.identity
        tables.accounts[identity.account_id] = Account(
            id=identity.account_id,
            owner_id=identity.owner_id,
            name="simulated",
            broker="simulated",
            server=SERVER,
            login=LOGIN,
            currency="USD",
            margin_mode=MarginMode.HEDGING,
            demo=True,
            limits=AccountLimits(),
            owner_signature_required=False,
            trading_state=TradingState.ACTIVE,
            trading_cause="",
            trading_since=START,
            latch=0,
            generation=0,
            created_at=START,
        )
        tables.devices[identity.device_id] = Device(
            id=identity.device_id,
            owner_id=identity.owner_id,
            account_id=identity.account_id,
            name="simulated",
            secret_number=1,
            created_at=START,
        )
        mapped = MappedSymbol(SYMBOL, SYMBOL, FINGERPRINT)
        tables.symbols[identity.account_id, SYMBOL] = mapped


def _identity(kernel: Kernel) -> Identity:
    chance = kernel.chance("identity")
    ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(3)]
    return Identity(*ids)
