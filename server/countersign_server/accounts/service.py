"""Trading accounts, the strategies they follow, and the strategies themselves."""

from collections.abc import Callable
from datetime import datetime

from countersign_server.accounts.account_calls import AccountCalls
from countersign_server.accounts.key_cache import ProducerKeys
from countersign_server.accounts.owner_limit_calls import OwnerLimitCalls
from countersign_server.accounts.producer_calls import ProducerCalls
from countersign_server.accounts.subscription_calls import SubscriptionCalls
from countersign_server.database.engine import Database
from countersign_server.database.wakeups import Wakeups
from countersign_server.identity.vault import Vault


class AccountService(AccountCalls, SubscriptionCalls, ProducerCalls, OwnerLimitCalls):
    """See accounts.proto for the contract."""

    def __init__(
        self,
        *,
        database: Database,
        wakeups: Wakeups,
        vault: Vault,
        keys: ProducerKeys,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._wakeups = wakeups
        self._vault = vault
        self._keys = keys
        self._now = now
