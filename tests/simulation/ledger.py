"""What the database holds now, read past all transactions: the server's side of the truth."""

from uuid import UUID

from countersign_server.accounts.account import Account
from countersign_server.accounts.kill_switch import KillSwitch
from countersign_server.audit.entries import Entry
from countersign_server.execution.command import Command
from countersign_server.execution.deal import Deal
from countersign_server.guards.records import Alert, Kept
from tests.simulation.memory_books import MemoryBooks


class Ledger:
    """Reads committed rows. Nobody else may while a transaction is open."""

    def __init__(self, books: MemoryBooks, account_id: UUID) -> None:
        self._books = books
        self._account_id = account_id

    def command(self, command_id: UUID) -> Command | None:
        return self._books.tables.commands.get(command_id)

    def commands(self) -> list[Command]:
        return list(self._books.tables.commands.values())

    def account(self) -> Account:
        return self._books.tables.accounts[self._account_id]

    def guard(self) -> Kept | None:
        """Return the server's guard of the account; None: the account was never seen."""
        return self._books.tables.guards.get(self._account_id)

    def alert(self) -> Alert | None:
        """Return a closing of everything that goes on; None: none does."""
        alerts = self._books.tables.alerts.values()
        return next((one for one in alerts if one.ended_at is None), None)

    def switches(self) -> list[KillSwitch]:
        """Return the switches that hold."""
        return [one for one in self._books.tables.switches.values() if one.released_at is None]

    def deals(self) -> dict[int, Deal]:
        """Return the account's deals by ticket."""
        return {ticket: deal for (_, ticket), deal in self._books.tables.deals.items()}

    def audit(self) -> list[Entry]:
        return list(self._books.tables.audit.values())

    def report_keys(self) -> set[str]:
        """Return the names of everything that devices have told."""
        return {key for _, key in self._books.tables.reports}

    def rows_of_strangers(self) -> int:
        """Return how many rows belong to another owner than their account does."""
        tables = self._books.tables
        rows = (
            *tables.commands.values(),
            *tables.reports.values(),
            *tables.deals.values(),
        )
        return sum(row.owner_id != tables.accounts[row.account_id].owner_id for row in rows)
