"""The functions about the connection, the terminal and the account."""

from mt5_simulator.face import arguments as check
from mt5_simulator.face.arguments import Refused
from mt5_simulator.face.built_in import Keywords
from mt5_simulator.face.exporting import (
    Arguments,
    exported,
    exported_always,
    exported_failing_with,
    refuse_all,
    session,
)
from mt5_simulator.face.structures import (
    AccountInfo,
    TerminalInfo,
)

NO_VERSION: tuple[int, int, str] = (0, 0, "")


@exported_failing_with(failure=False)
def initialize(arguments: Arguments, keywords: Keywords) -> bool:
    details = check.connection(arguments, keywords, "path")
    path = details.pop("path", None)
    session.connect(None if path is None else str(path))
    connected = session.ask("initialize", details) is not None
    if not connected:
        session.disconnect()
    return connected


@exported_failing_with(failure=False)
def login(arguments: Arguments, keywords: Keywords) -> bool:
    details = check.connection(arguments, keywords, "login", "password", "server")
    if "login" not in details:
        raise Refused('Invalid "login" argument')
    return session.ask("login", details) is not None


@exported_always
def shutdown(arguments: Arguments, keywords: Keywords) -> bool:
    refuse_all("shutdown", arguments, keywords)
    session.disconnect()
    session.succeed()
    return True


@exported_always
def version(arguments: Arguments, keywords: Keywords) -> tuple[int, int, str]:
    refuse_all("version", arguments, keywords)
    terminal, build, date = session.ask("version") or NO_VERSION
    return terminal, build, date


@exported_always
def last_error(arguments: Arguments, keywords: Keywords) -> tuple[int, str]:
    refuse_all("last_error", arguments, keywords)
    return session.last_error


@exported
def account_info(arguments: Arguments, keywords: Keywords) -> AccountInfo | None:
    refuse_all("account_info", arguments, keywords)
    row = session.ask("account_info")
    return None if row is None else AccountInfo(row)


@exported
def terminal_info(arguments: Arguments, keywords: Keywords) -> TerminalInfo | None:
    refuse_all("terminal_info", arguments, keywords)
    row = session.ask("terminal_info")
    return None if row is None else TerminalInfo(row)
