"""Acting for the person whose chat it is: by the methods that everybody uses."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from countersign.v1 import accounts_pb2, approvals_pb2
from countersign_server.errors import CountersignError
from countersign_server.rpc.caller import Call, Caller, Role
from countersign_server.rpc.within import InnerDoors
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.text import reference, shown_name

_AGENT = "telegram"
_INBOX_MAX = 10
_REFERENCE_MIN = 4


@dataclass(frozen=True, slots=True)
class Person:
    """An owner at a chat. `request_id` names the update or the notification in the audit."""

    doors: InnerDoors
    chat: Chat
    request_id: str

    async def call(self, method: str, request: Message) -> Any:  # noqa: ANN401  # the method's answer
        """Call a method as the owner. Raises CountersignError as the method does."""
        owner_id = self.chat.owner_id
        caller = Caller(owner_id, Role.OWNER, owner_id, session=f"telegram:{self.chat.id}")
        return await self.doors.call(
            method,
            request,
            Call(
                request_id=self.request_id,
                address=f"telegram:{self.chat.telegram_user_id}",
                agent=_AGENT,
                caller=caller,
            ),
        )

    async def approval(self, approval_id: UUID) -> approvals_pb2.Approval:
        asked = approvals_pb2.GetApprovalRequest(approval_id=str(approval_id))
        answer = await self.call("ApprovalService/GetApproval", asked)
        return answer.approval

    async def inbox(self) -> list[approvals_pb2.Approval]:
        """Return what waits, the soonest to expire first."""
        asked = approvals_pb2.ListInboxRequest(page_size=_INBOX_MAX)
        return list((await self.call("ApprovalService/ListInbox", asked)).approvals)

    async def referred(self, words: str) -> approvals_pb2.Approval | None:
        """Return the one that waits whose id ends so; None: none does, or several do."""
        ending = words.lstrip("#").lower()
        if len(ending) < _REFERENCE_MIN:
            return None
        found = [one for one in await self.inbox() if one.approval_id.endswith(ending)]
        return found[0] if len(found) == 1 else None

    async def accounts(self) -> list[accounts_pb2.Account]:
        """Return all accounts of the owner."""
        found: list[accounts_pb2.Account] = []
        asked = accounts_pb2.ListAccountsRequest(page_size=500)
        while True:
            page = await self.call("AccountService/ListAccounts", asked)
            found += page.accounts
            if not page.next_page_token:
                return found
            asked.page_token = page.next_page_token

    async def account_name(self, account_id: str) -> str:
        """Return how an account is called: SIM or LIVE, and its name. Empty: none is named."""
        if not account_id:
            return ""
        asked = accounts_pb2.GetAccountRequest(account_id=account_id)
        try:
            account = (await self.call("AccountService/GetAccount", asked)).account
        except CountersignError:
            return f"#{reference(account_id)}"  # another's, for whom the owner decides
        return shown_name(account)
