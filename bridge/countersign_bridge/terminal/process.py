"""The terminal process: asks the terminal one thing at a time, and dies with the bridge.

The package holds the interpreter's one lock for as long as a call lasts, so nothing else could run
beside it. Here nothing needs to; the bridge, in a process of its own, watches and may kill.
"""

import importlib
import os
import sys
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO, NoReturn

from countersign_bridge.terminal import jobs
from countersign_bridge.terminal.calls import Failed, TerminalCalls
from countersign_bridge.terminal.wire import (
    WireBroken,
    decode,
    encode,
    read_message,
    write_message,
)

ORPHANED = 0


def main() -> int:
    """Serve the bridge on the other end of this process's standard input and output."""
    questions, answers = _claim_pipes()
    opening = decode(jobs.Opening, read_message(questions))
    try:
        calls = TerminalCalls(importlib.import_module(opening.module), opening)
        write_message(answers, {"answer": encode(calls.connect())})
    except Failed as failed:
        write_message(answers, _failure(failed.failure))
        return 1
    except ImportError as error:
        write_message(answers, _failure(jobs.CallFailed("import", 0, str(error))))
        return 1
    inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
    threading.Thread(target=_receive, args=(questions, inbox), daemon=True).start()
    while True:
        question = inbox.get()
        write_message(answers, {"id": question["id"], **_answer(calls, question)})


def _answer(calls: TerminalCalls, question: dict[str, Any]) -> dict[str, object]:
    job = decode(jobs.JOBS[question["job"]], question["details"])
    try:
        return {"answer": encode(calls.do(job))}
    except Failed as failed:
        return _failure(failed.failure)


def _failure(failure: jobs.Failure) -> dict[str, object]:
    return {"failure": type(failure).__name__, "details": encode(failure)}


def _receive(questions: BinaryIO, inbox: SimpleQueue[dict[str, Any]]) -> NoReturn:
    """Pass on what is asked, and end the process when the bridge is gone, whatever it is doing."""
    while True:
        try:
            inbox.put(read_message(questions))
        except WireBroken:
            os._exit(ORPHANED)


def _claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep standard output for answers; what anything else prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sys.stdin.buffer, answers


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (WireBroken, KeyboardInterrupt):  # the bridge is gone, or is being stopped with us
        sys.exit(ORPHANED)
