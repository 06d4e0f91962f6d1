"""What an approval is held against in the moment it is decided, read in one round trip."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.accounts.account import TradingState
from countersign_server.accounts.store import account_of
from countersign_server.accounts.subscription_store import subscription_of
from countersign_server.accounts.symbol_store import CONFIRMED, account_symbol_of
from countersign_server.accounts.tables import (
    account_symbols,
    accounts,
    halted_producers,
    subscriptions,
)
from countersign_server.approvals.approval import Approval
from countersign_server.approvals.objections import Moment
from countersign_server.database.questions import Question, ask

_ACCOUNT = Question(select(accounts).where(accounts.c.id == bindparam("account_id")))
_SUBSCRIPTION = Question(
    select(subscriptions).where(subscriptions.c.id == bindparam("subscription_id"))
)
_HALTED = Question(
    select(halted_producers.c.state).where(
        halted_producers.c.producer_id == bindparam("producer_id")
    )
)
_SYMBOL = Question(
    CONFIRMED.where(
        account_symbols.c.account_id == bindparam("account_id"),
        account_symbols.c.instrument == bindparam("instrument"),
    )
)


async def moment_of(
    tx: AsyncConnection, approval: Approval, *, quote_age_max: timedelta, now: datetime
) -> Moment:
    """Return the account, the terms and the market as they are now."""
    by_account = {"account_id": approval.account_id}
    (account,), (subscription,), symbol, halted = await ask(
        tx,
        (_ACCOUNT, by_account),
        # An approval's account and subscription are its owner's, and never deleted.
        (_SUBSCRIPTION, {"subscription_id": approval.subscription_id}),
        (_SYMBOL, by_account | {"instrument": approval.instrument}),
        (_HALTED, {"producer_id": approval.producer_id}),
    )
    return Moment(
        subscription=subscription_of(subscription),
        account=account_of(account),
        symbol=account_symbol_of(symbol[0]) if symbol else None,
        quote_age_max=quote_age_max,
        now=now,
        producer_state=TradingState(halted[0].state) if halted else TradingState.ACTIVE,
    )
