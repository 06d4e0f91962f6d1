"""Rules about the code itself that no linter knows. One test per rule; the message says why."""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATED = (ROOT / "proto/gen", ROOT / "client/countersign_client/wire")
PRODUCT = (
    "guards",
    "server",
    "bridge",
    "client",
    "simulator",
    "gateway",
    "demo",
    "proto",
    "deploy",
    "bench",
)
VAGUE = {"base", "common", "core", "helpers", "manager", "misc", "shared", "util", "utils"}
# Where the clock is read, to be passed on; everywhere else `now` is an argument.
CLOCKS = {
    "server/countersign_server/app.py": "hands `now` to every part",
    "server/countersign_server/cli.py": "so do the commands",
    "server/countersign_server/operators.py": "a command's composition",
    "bridge/countersign_bridge/app.py": "hands `now` to every part",
    "bridge/countersign_bridge/doctor.py": "compares this machine's clock with the server's",
    "simulator/mt5_simulator/clock.py": "the simulator's clock",
}
# A person's or a stranger's program: it has no app that could pass the time in.
PROGRAMS = ("client/", "demo/", "bench/", "gateway/", "deploy/")
TEXT = {".py", ".proto", ".md", ".toml", ".yaml", ".yml", ".json", ".sh", ".svg", ".txt", ".lock"}


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, and nothing that was made by running it."""
    found: list[Path] = []
    for folder, below, names in os.walk(ROOT):
        below[:] = sorted(
            name
            for name in below
            if (not name.startswith(".") or name == ".ci")
            and name not in {"__pycache__", "build", "dist", "results"}
            and not name.endswith(".egg-info")
        )
        found += [Path(folder) / name for name in sorted(names)]
    return tuple(found)


def sources() -> list[Path]:
    """What people wrote of the product, in Python."""
    return [
        path
        for path in files()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in PRODUCT
        and not any(path.is_relative_to(tree) for tree in GENERATED)
    ]


def sources_of_tests() -> list[Path]:
    return [
        path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")
    ]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_a_name_says_what_is_inside() -> None:
    vague = [name_of(p) for p in sources() + sources_of_tests() if VAGUE & set(p.stem.split("_"))]
    vague += [
        name_of(path)
        for path in {path.parent for path in sources() + sources_of_tests()}
        if VAGUE & set(path.name.split("_"))
    ]
    assert not vague, "name the file after what it is about"


def test_a_function_fits_on_a_screen() -> None:
    long = [
        f"{name_of(path)}: {f.name}"
        for path in sources()
        for f in functions(path)
        if (f.end_lineno or 0) - first_line(f) >= 50
    ]
    assert not long, "split it: decisions stay in the parent, pure steps move out"


def first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Where reading begins: a command's options are a table, and the function begins below it."""
    options = any("typer.Option" in ast.unparse(a) for a in function.args.kwonlyargs)
    return function.body[0].lineno if options else function.lineno


def test_a_file_can_be_read_in_one_sitting() -> None:
    long = [name_of(path) for path in sources() if len(path.read_text().splitlines()) > 400]
    assert not long, "split it along a noun"


def test_time_is_passed_in() -> None:
    clocks = [
        name_of(path)
        for path in sources()
        if not name_of(path).startswith(PROGRAMS)
        and name_of(path) not in CLOCKS
        and re.search(r"datetime\.now\(|time\.time\(|utcnow\(", path.read_text())
    ]
    assert not clocks, "take `now` instead, so that a test can say what time it is"


def test_every_clock_that_is_allowed_is_read() -> None:
    unread = [
        name for name in CLOCKS if not re.search(r"\bnow\(|time\(", (ROOT / name).read_text())
    ]
    assert not unread, "take it off the list"


def test_randomness_of_the_server_is_an_argument_or_a_secret() -> None:
    drawn = [
        name_of(path)
        for path in sources()
        if re.search(r"^import random\b|^from random import", path.read_text(), re.MULTILINE)
    ]
    allowed = {path for path in drawn if not path.startswith("server/")}
    assert set(drawn) == allowed, "draw from secrets, through an argument"


def test_a_test_uses_the_real_thing_or_a_fake_beside_it() -> None:
    mocked = [
        name_of(path)
        for path in sources_of_tests()
        if re.search(
            r"^\s*(import|from) (unittest\.mock|unittest import mock|pytest_mock|mock)\b",
            path.read_text(),
            re.MULTILINE,
        )
    ]
    assert not mocked, "a mock agrees with whatever the code does"


def test_a_test_waits_for_something_and_not_for_a_while() -> None:
    sleeping = [
        f"{name_of(path)}:{call.lineno}"
        for path in sources_of_tests()
        if path.is_relative_to(ROOT / "tests/unit")
        or path.is_relative_to(ROOT / "tests/integration")
        or path.is_relative_to(ROOT / "tests/system")
        for call in sleeps(tree(path))
    ]
    assert not sleeping, "wait until what you need holds: tests/fixtures/waiting.py"


def sleeps(module: ast.Module) -> Iterator[ast.Call]:
    """Calls of sleep with a time, outside of a loop that looks again and again."""
    looping = {
        inner
        for loop in ast.walk(module)
        if isinstance(loop, ast.While | ast.For | ast.AsyncFor)
        for inner in ast.walk(loop)
    }
    for node in ast.walk(module):
        if not isinstance(node, ast.Call) or node in looping:
            continue
        if ast.unparse(node.func) not in {"asyncio.sleep", "time.sleep", "sleep"}:
            continue
        # sleep(0) only lets others run.
        if not (node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0):
            yield node


def test_no_error_is_swallowed() -> None:
    swallowed = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)))
    ]
    assert not swallowed, "say which error, and do something about it"


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(
        r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b"
    )
    left = [name_of(p) for p in sources() + sources_of_tests() if mark.search(p.read_text())]
    left += [
        f"{name_of(path)}: {f.name}"
        for path in sources()
        for f in functions(path)
        for node in ast.walk(f)
        if isinstance(node, ast.Raise)
        and node.exc
        and "NotImplementedError" in ast.unparse(node.exc)
    ]
    assert not left, "do it, or leave it out"


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    # Spelt as patterns, so that this file does not tell of itself.
    places = [
        "/w[o]rk/",
        "/r[o]ot/",
        "/h[o]me/[a-z]",
        "pyp[i][.]org",
        "python[h]osted",
        "npm[j]s[.]org",
    ]
    secret = re.compile(r"(?<![\w.$}])(" + "|".join(places) + ")")
    telling = [
        name_of(path)
        for path in files()
        if path.suffix in TEXT or path.name in {"Makefile", "run"}
        if path.is_relative_to(ROOT) and secret.search(path.read_text(errors="replace"))
    ]
    assert not telling, "the project works wherever it is cloned"


def test_no_package_or_archive_of_others_is_kept_here() -> None:
    kept = subprocess.run(  # git, of the machine
        ["git", "ls-files"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    packed = (".whl", ".zip", ".gz", ".xz", ".tar", ".so", ".exe", ".dll", ".jar")
    assert [name for name in kept if name.endswith(packed)] == []


def test_every_package_says_what_it_is() -> None:
    silent = [
        name_of(path)
        for path in sources()
        if path.name == "__init__.py" and not ast.get_docstring(tree(path))
    ]
    assert not silent, "one sentence that the folder's name does not say"


def test_every_module_says_which_question_it_answers() -> None:
    silent = [
        name_of(p) for p in sources() if p.name != "__init__.py" and not ast.get_docstring(tree(p))
    ]
    assert not silent, "its first line is what it answers"


def test_nobody_holds_a_transaction_while_somebody_reads() -> None:
    held = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        if path.is_relative_to(ROOT / "server") and path.name not in {"engine.py", "sql_book.py"}
        for node in ast.walk(tree(path))
        if isinstance(node, ast.AsyncWith)
        and any(".transaction(" in ast.unparse(item.context_expr) for item in node.items)
        and any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(node))
    ]
    assert not held, "a slow reader would hold rows that others need: yield after the commit"


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in sources_of_tests() if path.name.startswith("test_")]
    assert len(set(names)) == len(names), "a name is how a failure is found"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda p: p.stem
)
def test_a_decision_has_a_number_a_status_and_half_a_page(path: Path) -> None:
    text = path.read_text()
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+", path.stem)
    assert re.search(r"^Status: (accepted|superseded by \d{4})", text, re.MULTILINE)
    assert len(text.split()) <= 350


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert newest is not None
    assert newest[1] == version


def test_every_member_has_the_workspaces_version() -> None:
    members = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]["workspace"][
        "members"
    ]
    versions = {
        tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]["version"]
        for member in members
    }
    assert len(versions) == 1
