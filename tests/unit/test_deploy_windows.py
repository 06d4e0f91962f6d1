"""What installs the bridge on Windows, and what its tests there run."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from packaging.requirements import Requirement

from countersign_bridge.settings import Settings, load_settings
from deploy.windows import build

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "deploy" / "windows"
INSTALL = (FOLDER / "install.ps1").read_text()
UNINSTALL = (FOLDER / "uninstall.ps1").read_text()
TASK_VALUES = {"USER": r"PC\trader", "PYTHON": r"C:\b\pythonw.exe", "CONFIG": r"C:\b\bridge.toml"}
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def filled(template: str, **values: str) -> str:
    text = (FOLDER / template).read_text()
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def task_element(path: str) -> str | None:
    task = ET.fromstring(filled("task.xml", **TASK_VALUES, FOLDER=r"C:\b"))  # noqa: S314  # our own file
    where = "/".join(
        f"{{http://schemas.microsoft.com/windows/2004/02/mit/task}}{name}"
        for name in path.split("/")
    )
    return task.findtext(where)


@pytest.mark.parametrize("template", ["task.xml", "bridge.template.toml"])
def test_every_blank_of_a_template_is_filled_by_the_installer(template: str) -> None:
    blanks = set(re.findall(r"\{\{(\w+)\}\}", (FOLDER / template).read_text()))

    assert blanks
    assert blanks <= set(re.findall(r"^ {8}([A-Z]+) = ", INSTALL, re.MULTILINE))


def test_the_settings_template_is_what_the_bridge_reads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = filled(
        "bridge.template.toml",
        SERVER="bridge.example:443",
        TLS="true",
        FOLDER=r"C:\Users\trader\AppData\Local\Countersign\Live1",
        TERMINAL=r"C:\Program Files\MetaTrader 5\terminal64.exe",
    )
    file = tmp_path / "bridge.toml"
    file.write_text(text)
    monkeypatch.setenv("COUNTERSIGN_BRIDGE_CONFIG", str(file))

    settings = load_settings()

    assert settings.tls
    assert settings.terminal_path == r"C:\Program Files\MetaTrader 5\terminal64.exe"
    assert str(settings.log_file).endswith(r"Live1\logs\bridge.log")
    assert set(tomllib.loads(text)) <= set(type(settings).model_fields)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Settings/MultipleInstancesPolicy", "IgnoreNew"),
        ("Settings/ExecutionTimeLimit", "PT0S"),
        ("Settings/DisallowStartIfOnBatteries", "false"),
        ("Settings/StopIfGoingOnBatteries", "false"),
        ("Triggers/LogonTrigger/UserId", r"PC\trader"),
        ("Triggers/TimeTrigger/Repetition/Interval", "PT1M"),
        ("Triggers/TimeTrigger/Repetition/Duration", None),
        ("Principals/Principal/LogonType", "InteractiveToken"),
        ("Principals/Principal/RunLevel", "LeastPrivilege"),
        (
            "Actions/Exec/Arguments",
            r'-m countersign_bridge --config "C:\b\bridge.toml" run',
        ),
    ],
)
def test_the_task_runs_one_bridge_for_ever_in_its_users_session(
    path: str, value: str | None
) -> None:
    assert task_element(path) == value


def test_both_scripts_mean_the_same_folder_and_task() -> None:
    for name in ("folder", "task"):
        (line,) = re.findall(rf"^\${name} = .*$", INSTALL, re.MULTILINE)
        assert line in UNINSTALL


def in_order(script: str, *steps: str) -> bool:
    """Whether a script takes the steps one after the other, after all its functions."""
    body = script[script.rindex("\n}\n\n") if "\nfunction " in script else 0 :]
    places = [body.find(f"\n{step}") for step in steps]
    return -1 not in places and places == sorted(places)


def test_an_installation_copies_while_the_old_bridge_runs_and_then_only_renames() -> None:
    steps = ("Restore-Program", "Copy-Program", "try {", "    Stop-Bridge", "    Switch-Program")
    assert in_order(INSTALL, *steps, "    Register-Task", "}\ncatch {")


def test_an_installation_that_fails_leaves_the_bridge_as_it_found_it() -> None:
    (failed,) = re.findall(r"^catch \{\n(.*?)^\}", INSTALL, re.MULTILINE | re.DOTALL)
    (always,) = re.findall(r"^finally \{\n(.*?)^\}", INSTALL, re.MULTILINE | re.DOTALL)
    assert [line.strip() for line in failed.splitlines()[1:]] == ["Restore-Program", "throw"]
    assert always.strip() == "Enable-AsBefore"
    # Cut off altogether, it finds again what it was about to do.
    assert in_order(INSTALL, "if ($wasEnabled) { New-Item -ItemType File -Force $marker", "try {")
    assert "$wasEnabled = ($installed -and $installed.State -ne 'Disabled') -or (Test-Path $m" in (
        INSTALL
    )


def test_the_only_program_there_is_is_never_removed() -> None:
    restore = "if ((Test-Path $old) -and -not (Test-Path $program)) { Move-Item $old $program }"
    assert restore in INSTALL
    assert in_order(INSTALL, "Restore-Program", "Copy-Program")
    removals = re.findall(r"Remove-Item .*?\$(\w+)", INSTALL)
    assert set(removals) == {"stale", "marker", "old"}
    assert "foreach ($stale in $draft, $old)" in INSTALL


def test_nothing_is_removed_before_what_uses_it_has_ended() -> None:
    assert in_order(UNINSTALL, "Stop-Bridge $task", "if (Get-ScheduledTask", "$removed = ")
    stop = (FOLDER / "stop.ps1").read_text()
    assert "foreach ($second in 1..30)" in stop
    assert "still runs: end it, then run this again" in stop
    for script in (INSTALL, UNINSTALL):
        assert ". (Join-Path $PSScriptRoot 'stop.ps1')" in script
        assert "Stop-ScheduledTask" not in script


def test_the_guide_runs_scripts_in_a_way_that_windows_lets_them_run() -> None:
    guide = (PROJECT / "docs" / "windows.md").read_text()
    commands = [line for line in guide.splitlines() if "ps1 -Name" in line]
    way = re.compile(r"powershell -ExecutionPolicy Bypass -File \.\\(\w+\.ps1) -Name Live1")

    ways = [way.match(command) for command in commands]
    assert {found[1] if found else None for found in ways} == {"install.ps1", "uninstall.ps1"}


def test_every_setting_the_template_mentions_exists() -> None:
    template = (FOLDER / "bridge.template.toml").read_text()
    mentioned = set(re.findall(r"^(?:# )?(\w+) = ", template, re.MULTILINE))
    fields = set(Settings.model_fields)

    assert {"terminal_login", "terminal_password", "terminal_server"} <= mentioned <= fields
    assert {name for name in fields if name.startswith("fence_")} <= mentioned


def test_the_installer_finds_everything_in_the_folder_it_comes_in() -> None:
    named = set(re.findall(r"PSScriptRoot '([^']+)'|Get-Filled '([^']+)'", INSTALL + UNINSTALL))
    files = {first or second for first, second in named}

    assert files == {"program", "bridge.template.toml", "task.xml", "stop.ps1"}
    assert files - {"program"} <= set(build.SCRIPTS)
    assert all((FOLDER / name).is_file() for name in build.SCRIPTS)


def test_the_shipped_bridge_is_this_project_s_and_has_nothing_compiled_in_it(
    tmp_path: Path,
) -> None:
    build.make_bridge(tmp_path)

    shipped = {path.relative_to(tmp_path / "bridge") for path in tmp_path.glob("bridge/**/*.py")}
    written = {
        path.relative_to(PROJECT / package)
        for package in ("bridge", "guards")
        for path in PROJECT.glob(f"{package}/countersign_*/**/*.py")
    }
    generated = {
        path.relative_to(PROJECT / "proto" / "gen") for path in PROJECT.glob("proto/gen/**/*.py")
    }
    assert shipped == written | generated
    assert not list(tmp_path.glob("**/__pycache__"))
    command = (tmp_path / "countersign-bridge.cmd").read_text()
    assert command.startswith('@"%~dp0python\\python.exe" -m countersign_bridge')


def test_every_target_that_the_guide_names_is_in_the_makefile() -> None:
    guide = (PROJECT / "docs" / "windows.md").read_text()
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", guide, re.MULTILINE))
    targets = re.findall(r"^([a-z-]+):.* ## ", (PROJECT / "Makefile").read_text(), re.MULTILINE)

    assert {"windows", "windows-bridge", "windows-lock"} <= named
    assert named <= set(targets)


def test_the_same_folder_makes_the_same_archive(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build.make_bridge(tmp_path / name / "program")
    for path in (tmp_path / "two").rglob("*"):
        os.utime(path, (10**9, 10**9))  # copied at another time

    first, second = (build.archived(tmp_path / name / "program") for name in ("one", "two"))

    assert first.read_bytes() == second.read_bytes()
    assert first.name.startswith("countersign-bridge-")


def test_without_wine_and_without_root_one_line_says_what_to_install(tmp_path: Path) -> None:
    said = subprocess.run(  # our own program
        [sys.executable, "-m", "tests.windows.prepare"],
        env={"PATH": str(tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.returncode, len(said.stdout.splitlines()), said.stderr) == (1, 1, "")
    assert "apt-get install wine" in said.stdout


def test_windows_runs_the_versions_of_the_lock_but_for_numpy() -> None:
    everywhere = dict(PINNED.findall((PROJECT / "requirements.lock").read_text()))
    windows = dict(PINNED.findall((FOLDER / "requirements.lock").read_text()))
    project = tomllib.loads((PROJECT / "bridge" / "pyproject.toml").read_text())["project"]
    needed = {Requirement(text).name.lower() for text in project["dependencies"]}

    assert needed - {"countersign-api", "countersign-guards"} <= set(windows)
    assert "tzdata" in windows, "Windows has no zones of its own for a guard's day"
    assert windows.pop("numpy") == "1.26.4"
    assert windows == {name: everywhere[name] for name in windows}
