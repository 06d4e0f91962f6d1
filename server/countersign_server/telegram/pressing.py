"""Doing what a button stands for: once, for the person it was made for."""

from collections.abc import Callable
from datetime import datetime

from countersign.v1 import approvals_pb2
from countersign_server.database.engine import Database
from countersign_server.errors import CountersignError
from countersign_server.telegram import message_store
from countersign_server.telegram.button import Action, StoredButton, flaw_in, token_digest
from countersign_server.telegram.person import Person
from countersign_server.telegram.stopping import FLATTEN, chosen, stopped
from countersign_server.telegram.update import Press

_UNKNOWN = "This button is not known any more."


class Pressing:
    """Uses buttons up, and acts."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def press(self, person: Person, press: Press, update_id: int) -> tuple[str, str]:
        """Return what became of a press, upper-case, and what the person is told.

        The button is used up before anything is done: what nobody knows the end of is not done
        twice, and the same update, handled again, does the same thing, which then was done already.
        """
        async with self._database.transaction(person.chat.owner_id) as tx:
            stored = await message_store.button_held(tx, token_digest(press.token))
            flaw = _UNKNOWN
            if stored is not None:
                flaw = flaw_in(
                    stored,
                    chat=person.chat.id,
                    message_id=press.message_id,
                    update_id=update_id,
                    now=self._now(),
                )
            if stored is None or flaw is not None:
                return "BUTTON_REFUSED", flaw or _UNKNOWN
            await message_store.use_message(
                tx, person.chat, message_id=press.message_id, update_id=update_id
            )
        try:
            return await _act(person, stored)
        except CountersignError as error:
            return error.reason, f"{error.reason}: {error}"


async def _act(person: Person, stored: StoredButton) -> tuple[str, str]:
    button = stored.button
    match button.action:
        case Action.APPROVE | Action.REJECT:
            return await _decide(person, stored)
        case Action.FLATTEN:
            meant = chosen(await person.accounts(), button.subject)
            return "FLATTENED", await stopped(person, FLATTEN, meant)
        case Action.CANCEL:
            return "CANCELLED", "Nothing was done."


async def _decide(person: Person, stored: StoredButton) -> tuple[str, str]:
    asked = approvals_pb2.GetApprovalRequest(approval_id=stored.button.subject)
    approval = (await person.call("ApprovalService/GetApproval", asked)).approval
    approves = stored.button.action is Action.APPROVE
    await person.call(
        "ApprovalService/CreateApproval",
        approvals_pb2.CreateApprovalRequest(
            signal_id=approval.signal_id,
            account_id=approval.account_id,
            decision=approvals_pb2.DECISION_APPROVE if approves else approvals_pb2.DECISION_REJECT,
            # Not what it is now, but what the message showed.
            intent_digest=stored.button.digest,
        ),
    )
    return ("APPROVED", "Approved.") if approves else ("REJECTED", "Rejected.")
