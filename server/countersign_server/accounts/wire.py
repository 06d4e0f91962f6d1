"""Accounts, symbols, producers and consent texts as the contract shows them."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from countersign.v1 import accounts_pb2, execution_pb2, signals_pb2, values_pb2
from countersign_server.accounts.account import (
    Account,
    AccountLimits,
    Fingerprint,
    MarginMode,
    OwnerLimits,
    TradingState,
)
from countersign_server.accounts.consent import ConsentText
from countersign_server.accounts.producer import KeyAlgorithm, Producer, ProducerKey
from countersign_server.accounts.symbol import AccountSymbol, Quote, SymbolProperties
from countersign_server.decimals import decimal_text, optional_decimal, optional_text
from countersign_server.errors import Invalid
from countersign_server.rpc.conversion import from_timestamp, to_timestamp

TRADING_STATES: Mapping[TradingState, values_pb2.TradingState] = {
    TradingState.ACTIVE: values_pb2.TRADING_STATE_ACTIVE,
    TradingState.WARNED: values_pb2.TRADING_STATE_WARNED,
    TradingState.CLOSE_ONLY: values_pb2.TRADING_STATE_CLOSE_ONLY,
    TradingState.HALTED: values_pb2.TRADING_STATE_HALTED,
    TradingState.FLATTENING: values_pb2.TRADING_STATE_FLATTENING,
}
MARGIN_MODES: Mapping[MarginMode, values_pb2.MarginMode] = {
    MarginMode.NETTING: values_pb2.MARGIN_MODE_NETTING,
    MarginMode.EXCHANGE: values_pb2.MARGIN_MODE_EXCHANGE,
    MarginMode.HEDGING: values_pb2.MARGIN_MODE_HEDGING,
}
ALGORITHMS: Mapping[KeyAlgorithm, signals_pb2.SignatureAlgorithm] = {
    KeyAlgorithm.HMAC_SHA256: signals_pb2.SIGNATURE_ALGORITHM_HMAC_SHA256,
    KeyAlgorithm.ED25519: signals_pb2.SIGNATURE_ALGORITHM_ED25519,
}
_MARGIN_MODE_OF = {number: mode for mode, number in MARGIN_MODES.items()}
_ALGORITHM_OF = {number: algorithm for algorithm, number in ALGORITHMS.items()}


def id_from_text(text: str, *, field: str) -> UUID:
    """Return the id in a message that is shared by requests and answers. Raises Invalid."""
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(f"{field} must be a UUID", field=field) from None


def fingerprint_from_message(message: values_pb2.AccountFingerprint) -> Fingerprint:
    return Fingerprint(
        message.server, message.login, message.currency, _MARGIN_MODE_OF[message.margin_mode]
    )


def fingerprint_to_message(fingerprint: Fingerprint) -> values_pb2.AccountFingerprint:
    return values_pb2.AccountFingerprint(
        server=fingerprint.server,
        login=fingerprint.login,
        currency=fingerprint.currency,
        margin_mode=MARGIN_MODES[fingerprint.margin_mode],
    )


def limits_from_message(message: accounts_pb2.AccountLimits) -> AccountLimits:
    return AccountLimits(
        max_volume=optional_decimal(message.max_volume),
        max_open_positions=message.max_open_positions or None,
        max_commands_per_minute=message.max_commands_per_minute or None,
        max_orders_per_second=message.max_orders_per_second or None,
        max_identical_orders_per_minute=message.max_identical_orders_per_minute or None,
    )


def owner_limits_from_message(message: accounts_pb2.OwnerLimits) -> OwnerLimits:
    """Return the limits. Raises Invalid."""
    losses: dict[str, Decimal] = {}
    for money in message.max_daily_losses:
        most = Decimal(money.amount)
        if most <= 0 or money.currency in losses:
            raise Invalid(
                "max_daily_losses: one amount above 0 for each currency", field="max_daily_losses"
            )
        losses[money.currency] = most
    return OwnerLimits(
        max_orders_per_second=message.max_orders_per_second or None,
        max_orders_per_minute=message.max_orders_per_minute or None,
        max_lots=optional_decimal(message.max_lots),
        max_positions=message.max_positions or None,
        max_daily_losses=losses,
    )


def owner_limits_to_message(limits: OwnerLimits) -> accounts_pb2.OwnerLimits:
    return accounts_pb2.OwnerLimits(
        max_orders_per_second=limits.max_orders_per_second or 0,
        max_orders_per_minute=limits.max_orders_per_minute or 0,
        max_lots=optional_text(limits.max_lots),
        max_positions=limits.max_positions or 0,
        max_daily_losses=[
            values_pb2.Money(amount=decimal_text(most), currency=currency)
            for currency, most in sorted(limits.max_daily_losses.items())
        ],
    )


def account_to_message(account: Account) -> accounts_pb2.Account:
    limits = account.limits
    return accounts_pb2.Account(
        account_id=str(account.id),
        owner_id=str(account.owner_id),
        name=account.name,
        fingerprint=fingerprint_to_message(account.fingerprint),
        broker=account.broker,
        trading_state=TRADING_STATES[account.trading_state],
        trading_state_cause=account.trading_cause,
        trading_state_time=to_timestamp(account.trading_since),
        limits=accounts_pb2.AccountLimits(
            max_volume=optional_text(limits.max_volume),
            max_open_positions=limits.max_open_positions or 0,
            max_commands_per_minute=limits.max_commands_per_minute or 0,
            max_orders_per_second=limits.max_orders_per_second or 0,
            max_identical_orders_per_minute=limits.max_identical_orders_per_minute or 0,
        ),
        create_time=to_timestamp(account.created_at),
        demo=account.demo,
        owner_signature_required=account.owner_signature_required,
    )


def properties_from_message(message: values_pb2.SymbolProperties) -> SymbolProperties:
    return SymbolProperties(
        symbol=message.symbol,
        digits=message.digits,
        contract_size=Decimal(message.contract_size),
        tick_size=Decimal(message.tick_size),
        tick_value=Decimal(message.tick_value),
        volume_min=Decimal(message.volume_min),
        volume_max=Decimal(message.volume_max),
        volume_step=Decimal(message.volume_step),
        currency_base=message.currency_base,
        currency_profit=message.currency_profit,
        pip_size=Decimal(message.pip_size),
        margin_per_lot=Decimal(message.margin_per_lot or 0),
    )


def properties_to_message(properties: SymbolProperties) -> values_pb2.SymbolProperties:
    return values_pb2.SymbolProperties(
        symbol=properties.symbol,
        digits=properties.digits,
        contract_size=decimal_text(properties.contract_size),
        tick_size=decimal_text(properties.tick_size),
        tick_value=decimal_text(properties.tick_value),
        volume_min=decimal_text(properties.volume_min),
        volume_max=decimal_text(properties.volume_max),
        volume_step=decimal_text(properties.volume_step),
        currency_base=properties.currency_base,
        currency_profit=properties.currency_profit,
        pip_size=decimal_text(properties.pip_size),
        margin_per_lot=optional_text(properties.margin_per_lot or None),
    )


def quote_from_message(message: execution_pb2.Quote) -> Quote:
    return Quote(
        symbol=message.symbol,
        bid=Decimal(message.bid),
        ask=Decimal(message.ask),
        quoted_at=from_timestamp(message.quote_time, field="quote_time"),
    )


def symbol_to_message(symbol: AccountSymbol) -> accounts_pb2.AccountSymbol:
    return accounts_pb2.AccountSymbol(
        instrument=symbol.instrument,
        properties=properties_to_message(symbol.properties),
        fingerprint=symbol.fingerprint,
        confirm_time=to_timestamp(symbol.confirmed_at),
        changed=symbol.changed,
    )


def producer_to_message(producer: Producer) -> accounts_pb2.Producer:
    return accounts_pb2.Producer(
        producer_id=str(producer.id),
        owner_id=str(producer.owner_id),
        name=producer.name,
        instruments=sorted(producer.instruments),
        listed=producer.listed,
        paused=producer.paused,
        create_time=to_timestamp(producer.created_at),
        limits=accounts_pb2.ProducerLimits(
            max_openings_per_minute=producer.max_openings_per_minute or 0
        ),
    )


def algorithm_from_wire(number: signals_pb2.SignatureAlgorithm) -> KeyAlgorithm:
    return _ALGORITHM_OF[number]


def key_to_message(key: ProducerKey) -> accounts_pb2.ProducerKey:
    return accounts_pb2.ProducerKey(
        key_id=key.id,
        producer_id=str(key.producer_id),
        algorithm=ALGORITHMS[key.algorithm],
        public_key=key.public_key or b"",
        create_time=to_timestamp(key.created_at),
        revoke_time=to_timestamp(key.revoked_at),
        last_used_time=to_timestamp(key.last_used_at),
    )


def consent_to_message(text: ConsentText) -> accounts_pb2.ConsentText:
    return accounts_pb2.ConsentText(
        version=text.version,
        text=text.text,
        text_sha256=text.text_sha256,
        publish_time=to_timestamp(text.published_at),
    )
