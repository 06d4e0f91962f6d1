"""Whether the contract still keeps what it promised one change ago."""

import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BUF = Path(sys.executable).parent / "buf"
CONTRACT = ("buf.yaml", "proto", "third_party")


def main() -> int:
    """Compare with the commit that this one goes back to; return buf's exit code.

    On a branch that is where it left main, on main the commit before. Without either there is
    nothing to compare with.
    """
    before = _where_the_branch_began() or _commit("HEAD~1")
    if before is None:
        print("breaking: not checked, for there is no earlier commit here to compare with")  # noqa: T201  # a command
        return 0
    with tempfile.TemporaryDirectory() as earlier:
        # Not buf's own reading of .git: it does not reach back in a shallow clone.
        archive = _git("archive", before, *CONTRACT)
        subprocess.run(["/bin/tar", "-x", "-C", earlier], input=archive.stdout, check=True)  # noqa: S603
        command = [BUF, "breaking", "--against", earlier]
        return subprocess.run(command, check=False, cwd=PROJECT).returncode  # noqa: S603  # our own tool


def _where_the_branch_began() -> str | None:
    for main_branch in ("origin/main", "main"):
        if _commit(main_branch) is None:
            continue
        began = _git("merge-base", main_branch, "HEAD")
        commit = began.stdout.decode().strip()
        if began.returncode == 0 and commit != _commit("HEAD"):
            return commit
    return None


def _commit(name: str) -> str | None:
    found = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return found.stdout.decode().strip() if found.returncode == 0 else None


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, check=False, capture_output=True)  # noqa: S603  # arguments of our own


if __name__ == "__main__":
    sys.exit(main())
