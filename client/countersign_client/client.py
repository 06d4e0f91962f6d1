"""The client: what a strategy engine does with Countersign, over one connection."""

import json
import random
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from countersign_client import following, services, streaming, submission, watching
from countersign_client.address import Tls, open_channel, read_address
from countersign_client.backoff import Backoff
from countersign_client.calls import Calls
from countersign_client.errors import Doubt, Unavailable, invalid_value
from countersign_client.message_json import message_of
from countersign_client.outcomes import Accepted, Outcome
from countersign_client.sessions import AccessTokens
from countersign_client.signing import Signer
from countersign_client.wire.countersign.v1 import (
    CreateSessionRequest,
    CreateSessionResponse,
    FollowGuardsRequest,
    GetSignalRequest,
    Guard,
    ListSignalsRequest,
    Signal,
    SignalState,
    SignedSignal,
    StoredSignal,
    WatchSignalsResponse,
)

_FOLLOW_GUARDS = "/countersign.v1.GuardService/FollowGuards"
_CREATE_SESSION = "/countersign.v1.IdentityService/CreateSession"


class Client:
    """A connection to a Countersign server.

    Use it with `async with`, and for as long as the program runs.

    `address`: "host:port", "unix:path" or a URL. `token`: an API token ("cst_..."), exchanged and
    renewed by itself, or an access token; empty: none. `signer`: what signs signals; without one,
    hand in what is signed already. `tls` None: encrypted unless the server is this machine.
    `timeout` holds for each try of a call, streams aside.

    Beside the methods here, every service of the contract is an attribute:
    `client.approvals.list_inbox(request)`. Raises CountersignError from every call; see
    `countersign_client.errors`.
    """

    def __init__(  # noqa: PLR0913  # the address decides alone; the rest are defaults by name
        self,
        address: str,
        *,
        token: str = "",
        signer: Signer | None = None,
        tls: Tls | bool | None = None,
        timeout: timedelta = timedelta(seconds=5),
        backoff: Backoff = Backoff(),  # noqa: B008  # frozen
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._address = read_address(address, tls=tls)
        self._token = token
        self._signer = signer
        self._timeout = timeout
        self._backoff = backoff
        self._now = now
        self._chance = chance

    async def __aenter__(self) -> Self:
        self._channel = open_channel(self._address)
        self._calls = self._new_calls()
        self._entrance = self._new_calls()
        self._calls.speak_for(AccessTokens(self._token, self._exchange, self._now))
        self.identity = services.Identity(self._calls)
        self.accounts = services.Accounts(self._calls)
        self.devices = services.Devices(self._calls)
        self.signals = services.Signals(self._calls)
        self.approvals = services.Approvals(self._calls)
        self.execution = services.Execution(self._calls)
        self.histories = services.Histories(self._calls)
        self.affiliates = services.Affiliates(self._calls)
        self.reconciliation = services.Reconciliation(self._calls)
        self.guards = services.Guards(self._calls)
        self.audit = services.Audit(self._calls)
        self.analytics = services.Analytics(self._calls)
        self.notifications = services.Notifications(self._calls)
        self.webhooks = services.Webhooks(self._calls)
        self.charts = services.Charts(self._calls)
        self.telegram = services.Telegram(self._calls)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._channel.close()

    async def submit(self, signal: Signal) -> Accepted:
        """Sign `signal` and hand it in. When it returns, the signal is durable and counted once.

        Sends the same bytes again while nothing is heard, for 29 s at most. Raises Doubt if the
        signal may or may not be stored then: look with `find`, or submit the same Signal again. Any
        other error: it is not stored.
        """
        signed = self._require_signer().sign(signal)
        return await submission.submit(self._calls, signal, signed, self._now)

    async def submit_signed(self, signed: SignedSignal) -> Accepted:
        """Hand in what was signed elsewhere; its `signal` in the answer is empty.

        Otherwise as `submit`.
        """
        return await submission.submit(self._calls, Signal(), signed, self._now)

    def submit_many(self, signals: Iterable[Signal]) -> AsyncIterator[Outcome]:
        """Sign and hand in many, in batches; yields what became of each, in order.

        One that is refused does not hold up the others. Raises what concerns all of them, such as
        Unauthenticated.
        """
        return submission.submit_many(self._calls, self._require_signer(), signals, self._now)

    def stream(
        self, signals: AsyncIterable[Signal], *, in_flight: int = 256
    ) -> AsyncGenerator[Outcome]:
        """Sign and hand in signals as they come; yields what became of each, in order.

        Connects again by itself and sends again what was not answered. What was given up is InDoubt
        if it may have arrived and Refused if it was never sent. The source is not read further
        while `in_flight` are unanswered.
        """
        stream = streaming.SignalStream(
            self._calls, self._require_signer(), in_flight=in_flight, now=self._now
        )
        return stream.run(signals)

    def watch(
        self, after_sequence: int = 0, *, silence_limit: timedelta = timedelta(seconds=45)
    ) -> AsyncGenerator[WatchSignalsResponse]:
        """Yield one event for each change of the caller's signals, for ever, resuming by itself.

        Keep the last `sequence` and pass it to go on after a restart; 0: from now on.
        """
        return watching.watch(self._calls, after_sequence, silence_limit)

    async def follow_guards(self, account_id: str = "") -> AsyncGenerator[Guard]:
        """Yield how guards stand whenever that changes, whole, for ever, resuming by itself.

        Each account begins with how it stands now. `account_id` empty: all of the caller's.
        """
        request = FollowGuardsRequest(account_id=account_id)
        async with aclosing(following.follow(self._calls, _FOLLOW_GUARDS, request)) as events:
            async for event in events:
                yield message_of(Guard, json.loads(event.data))

    async def get(self, signal_id: str) -> StoredSignal:
        """Return one signal and what became of it. Raises NotFound."""
        return (await self.signals.get_signal(GetSignalRequest(signal_id=signal_id))).signal

    async def list(
        self,
        *,
        states: Iterable[SignalState] = (),
        instrument: str = "",
        producer_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> AsyncGenerator[StoredSignal]:
        """Yield signals, newest first, page by page.

        `start_time` and `end_time`: received from, and before.
        """
        request = ListSignalsRequest(
            states=[*states], instrument=instrument, producer_id=producer_id
        )
        if start_time is not None:
            request.start_time = start_time
        if end_time is not None:
            request.end_time = end_time
        while True:
            page = await self.signals.list_signals(request)
            for signal in page.signals:
                yield signal
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def find(self, external_id: str, *, since: datetime) -> StoredSignal | None:
        """Return the stored signal of this external id, or None if there is none now.

        Looks at those received at or after `since`. None settles a doubt only once the signature is
        no longer taken: 35 s after it was made (30 s, and 5 s for clocks). Give `since` a minute of
        room for clocks that differ.
        """
        async with aclosing(self.list(start_time=since)) as found:
            async for stored in found:
                if stored.signal.external_id == external_id:
                    return stored
        return None

    def _new_calls(self) -> Calls:
        return Calls(
            self._channel, timeout=self._timeout, backoff=self._backoff, chance=self._chance
        )

    def _require_signer(self) -> Signer:
        if self._signer is None:
            raise invalid_value(
                "this client has no signer: Client(..., signer=...)", field="signer"
            )
        return self._signer

    async def _exchange(self, token: str) -> CreateSessionResponse:
        request = CreateSessionRequest(api_token=token)
        try:
            return await self._entrance.unary(
                _CREATE_SESSION, request, CreateSessionResponse, repeatable=True
            )
        except Doubt as doubt:
            # A session more or less changes nothing: the call that needed it was not made.
            raise Unavailable(
                doubt.message, code=doubt.code, reason=doubt.reason, metadata=doubt.metadata
            ) from None
