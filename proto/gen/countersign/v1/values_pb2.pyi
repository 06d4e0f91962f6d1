from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_BUY: _ClassVar[Side]
    SIDE_SELL: _ClassVar[Side]

class CommandKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_KIND_UNSPECIFIED: _ClassVar[CommandKind]
    COMMAND_KIND_OPEN: _ClassVar[CommandKind]
    COMMAND_KIND_PLACE: _ClassVar[CommandKind]
    COMMAND_KIND_MODIFY: _ClassVar[CommandKind]
    COMMAND_KIND_CLOSE: _ClassVar[CommandKind]
    COMMAND_KIND_PARTIAL_CLOSE: _ClassVar[CommandKind]
    COMMAND_KIND_CANCEL: _ClassVar[CommandKind]

class MarginMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MARGIN_MODE_UNSPECIFIED: _ClassVar[MarginMode]
    MARGIN_MODE_NETTING: _ClassVar[MarginMode]
    MARGIN_MODE_EXCHANGE: _ClassVar[MarginMode]
    MARGIN_MODE_HEDGING: _ClassVar[MarginMode]

class TradingState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRADING_STATE_UNSPECIFIED: _ClassVar[TradingState]
    TRADING_STATE_ACTIVE: _ClassVar[TradingState]
    TRADING_STATE_WARNED: _ClassVar[TradingState]
    TRADING_STATE_CLOSE_ONLY: _ClassVar[TradingState]
    TRADING_STATE_HALTED: _ClassVar[TradingState]
    TRADING_STATE_FLATTENING: _ClassVar[TradingState]

class OwnerKeyAlgorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OWNER_KEY_ALGORITHM_UNSPECIFIED: _ClassVar[OwnerKeyAlgorithm]
    OWNER_KEY_ALGORITHM_ED25519: _ClassVar[OwnerKeyAlgorithm]
    OWNER_KEY_ALGORITHM_PASSKEY_ES256: _ClassVar[OwnerKeyAlgorithm]
    OWNER_KEY_ALGORITHM_PASSKEY_ED25519: _ClassVar[OwnerKeyAlgorithm]
SIDE_UNSPECIFIED: Side
SIDE_BUY: Side
SIDE_SELL: Side
COMMAND_KIND_UNSPECIFIED: CommandKind
COMMAND_KIND_OPEN: CommandKind
COMMAND_KIND_PLACE: CommandKind
COMMAND_KIND_MODIFY: CommandKind
COMMAND_KIND_CLOSE: CommandKind
COMMAND_KIND_PARTIAL_CLOSE: CommandKind
COMMAND_KIND_CANCEL: CommandKind
MARGIN_MODE_UNSPECIFIED: MarginMode
MARGIN_MODE_NETTING: MarginMode
MARGIN_MODE_EXCHANGE: MarginMode
MARGIN_MODE_HEDGING: MarginMode
TRADING_STATE_UNSPECIFIED: TradingState
TRADING_STATE_ACTIVE: TradingState
TRADING_STATE_WARNED: TradingState
TRADING_STATE_CLOSE_ONLY: TradingState
TRADING_STATE_HALTED: TradingState
TRADING_STATE_FLATTENING: TradingState
OWNER_KEY_ALGORITHM_UNSPECIFIED: OwnerKeyAlgorithm
OWNER_KEY_ALGORITHM_ED25519: OwnerKeyAlgorithm
OWNER_KEY_ALGORITHM_PASSKEY_ES256: OwnerKeyAlgorithm
OWNER_KEY_ALGORITHM_PASSKEY_ED25519: OwnerKeyAlgorithm

class Money(_message.Message):
    __slots__ = ("amount", "currency")
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    amount: str
    currency: str
    def __init__(self, amount: _Optional[str] = ..., currency: _Optional[str] = ...) -> None: ...

class StopChoice(_message.Message):
    __slots__ = ("stop_loss", "no_stop_loss")
    STOP_LOSS_FIELD_NUMBER: _ClassVar[int]
    NO_STOP_LOSS_FIELD_NUMBER: _ClassVar[int]
    stop_loss: str
    no_stop_loss: bool
    def __init__(self, stop_loss: _Optional[str] = ..., no_stop_loss: _Optional[bool] = ...) -> None: ...

class TargetChoice(_message.Message):
    __slots__ = ("take_profit", "no_take_profit")
    TAKE_PROFIT_FIELD_NUMBER: _ClassVar[int]
    NO_TAKE_PROFIT_FIELD_NUMBER: _ClassVar[int]
    take_profit: str
    no_take_profit: bool
    def __init__(self, take_profit: _Optional[str] = ..., no_take_profit: _Optional[bool] = ...) -> None: ...

class AccountFingerprint(_message.Message):
    __slots__ = ("server", "login", "currency", "margin_mode")
    SERVER_FIELD_NUMBER: _ClassVar[int]
    LOGIN_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MARGIN_MODE_FIELD_NUMBER: _ClassVar[int]
    server: str
    login: int
    currency: str
    margin_mode: MarginMode
    def __init__(self, server: _Optional[str] = ..., login: _Optional[int] = ..., currency: _Optional[str] = ..., margin_mode: _Optional[_Union[MarginMode, str]] = ...) -> None: ...

class SymbolProperties(_message.Message):
    __slots__ = ("symbol", "digits", "contract_size", "tick_size", "tick_value", "volume_min", "volume_max", "volume_step", "currency_base", "currency_profit", "pip_size", "margin_per_lot")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    CONTRACT_SIZE_FIELD_NUMBER: _ClassVar[int]
    TICK_SIZE_FIELD_NUMBER: _ClassVar[int]
    TICK_VALUE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_MIN_FIELD_NUMBER: _ClassVar[int]
    VOLUME_MAX_FIELD_NUMBER: _ClassVar[int]
    VOLUME_STEP_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_BASE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_PROFIT_FIELD_NUMBER: _ClassVar[int]
    PIP_SIZE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_PER_LOT_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    digits: int
    contract_size: str
    tick_size: str
    tick_value: str
    volume_min: str
    volume_max: str
    volume_step: str
    currency_base: str
    currency_profit: str
    pip_size: str
    margin_per_lot: str
    def __init__(self, symbol: _Optional[str] = ..., digits: _Optional[int] = ..., contract_size: _Optional[str] = ..., tick_size: _Optional[str] = ..., tick_value: _Optional[str] = ..., volume_min: _Optional[str] = ..., volume_max: _Optional[str] = ..., volume_step: _Optional[str] = ..., currency_base: _Optional[str] = ..., currency_profit: _Optional[str] = ..., pip_size: _Optional[str] = ..., margin_per_lot: _Optional[str] = ...) -> None: ...
