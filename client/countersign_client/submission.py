"""Handing signals in, one or many, so that each counts once.

A send of which nothing is heard is sent again with the same bytes, which the server recognises,
until the 30 seconds for which it takes a signature are over. It is never signed anew on its own:
whether an idea of half a minute ago is still meant is the strategy's to say.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime

from countersign_client.calls import Calls
from countersign_client.errors import (
    Code,
    CountersignError,
    Doubt,
    Exhausted,
    ServerFault,
    Unavailable,
)
from countersign_client.outcomes import (
    Accepted,
    Attempted,
    Outcome,
    accepted,
    final_error,
    given_up,
    outcome_of,
)
from countersign_client.signing import Signer
from countersign_client.wire.countersign.v1 import (
    Signal,
    SignedSignal,
    SubmitSignalRequest,
    SubmitSignalResponse,
    SubmitSignalsRequest,
    SubmitSignalsResponse,
)

SUBMIT = "/countersign.v1.SignalService/SubmitSignal"
SUBMIT_MANY = "/countersign.v1.SignalService/SubmitSignals"

_BATCH_SIGNALS_MAX = 1000
# The server takes 4 MiB; the rest is room for the frame around each signal.
_BATCH_BYTES_MAX = 3 * 1024 * 1024

Now = Callable[[], datetime]


async def submit(calls: Calls, signal: Signal, signed: SignedSignal, now: Now) -> Accepted:
    """Hand in one signed signal. Raises CountersignError; Doubt if it may or may not be stored."""
    attempted = Attempted(signal, signed)
    request = SubmitSignalRequest(signal=signed)
    failures = 0
    while True:
        try:
            answer = await calls.once(SUBMIT, request, SubmitSignalResponse)
            return accepted(signal, answer)
        except (Unavailable, Doubt, Exhausted) as error:
            failures += 1
            attempted.unheard |= isinstance(error, Doubt)
            wait = calls.backoff.wait(failures, calls.chance())
            if now() + wait >= attempted.repeat_until:
                raise final_error(error, unheard=attempted.unheard) from None
        except CountersignError as error:
            raise final_error(error, unheard=attempted.unheard) from None
        await asyncio.sleep(wait.total_seconds())


async def submit_many(
    calls: Calls, signer: Signer, signals: Iterable[Signal], now: Now
) -> AsyncIterator[Outcome]:
    """Hand in signals in batches and yield what became of each, in order.

    Each batch is signed when its turn comes. Raises what concerns all of them, such as
    Unauthenticated.
    """
    for batch in batches(signals):
        attempts = [Attempted(signal, signer.sign(signal)) for signal in batch]
        for outcome in await _submit_batch(calls, attempts, now):
            yield outcome


def batches(signals: Iterable[Signal]) -> Iterable[list[Signal]]:
    """Yield signals in groups that one request can carry."""
    batch: list[Signal] = []
    size = 0
    for signal in signals:
        length = len(bytes(signal)) + 200  # room for key id, nonce and signature
        if batch and (len(batch) == _BATCH_SIGNALS_MAX or size + length > _BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(signal)
        size += length
    if batch:
        yield batch


async def _submit_batch(calls: Calls, attempts: Sequence[Attempted], now: Now) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}
    failures = 0
    while True:
        open_ones = [index for index in range(len(attempts)) if index not in outcomes]
        try:
            outcomes |= await _send([(index, attempts[index]) for index in open_ones], calls)
        except (Unavailable, Doubt, Exhausted) as error:
            for index in open_ones:
                attempts[index].unheard |= isinstance(error, Doubt)
                attempts[index].last_error = error
        if len(outcomes) == len(attempts):
            return [outcomes[index] for index in range(len(attempts))]
        failures += 1
        wait = calls.backoff.wait(failures, calls.chance())
        if now() + wait >= attempts[0].repeat_until:
            rest = {
                index: given_up(one) for index, one in enumerate(attempts) if index not in outcomes
            }
            return [(outcomes | rest)[index] for index in range(len(attempts))]
        await asyncio.sleep(wait.total_seconds())


async def _send(attempts: Sequence[tuple[int, Attempted]], calls: Calls) -> dict[int, Outcome]:
    """Send one batch and return what is settled, by index; what may be sent again remembers why."""
    request = SubmitSignalsRequest(signals=[one.signed for _, one in attempts])
    answer = await calls.once(SUBMIT_MANY, request, SubmitSignalsResponse)
    if len(answer.results) != len(attempts):
        raise ServerFault(
            f"{len(attempts)} signals were answered with {len(answer.results)} results",
            code=Code.INTERNAL,
            reason="ANSWER_INCOMPLETE",
        )
    settled: dict[int, Outcome] = {}
    for (index, one), result in zip(attempts, answer.results, strict=True):
        outcome = outcome_of(one, result)
        if isinstance(outcome, CountersignError):
            one.unheard |= isinstance(outcome, Doubt)
            one.last_error = outcome
        else:
            settled[index] = outcome
    return settled
