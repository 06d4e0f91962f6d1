import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from countersign.v1 import values_pb2 as _values_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BreakdownBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BREAKDOWN_BY_UNSPECIFIED: _ClassVar[BreakdownBy]
    BREAKDOWN_BY_SYMBOL: _ClassVar[BreakdownBy]
    BREAKDOWN_BY_SIDE: _ClassVar[BreakdownBy]
    BREAKDOWN_BY_HOUR: _ClassVar[BreakdownBy]
    BREAKDOWN_BY_WEEKDAY: _ClassVar[BreakdownBy]
    BREAKDOWN_BY_MONTH: _ClassVar[BreakdownBy]
BREAKDOWN_BY_UNSPECIFIED: BreakdownBy
BREAKDOWN_BY_SYMBOL: BreakdownBy
BREAKDOWN_BY_SIDE: BreakdownBy
BREAKDOWN_BY_HOUR: BreakdownBy
BREAKDOWN_BY_WEEKDAY: BreakdownBy
BREAKDOWN_BY_MONTH: BreakdownBy

class DrawdownFigures(_message.Message):
    __slots__ = ("absolute", "maximal", "maximal_percent", "relative_percent", "relative")
    ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    MAXIMAL_FIELD_NUMBER: _ClassVar[int]
    MAXIMAL_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_FIELD_NUMBER: _ClassVar[int]
    absolute: str
    maximal: str
    maximal_percent: str
    relative_percent: str
    relative: str
    def __init__(self, absolute: _Optional[str] = ..., maximal: _Optional[str] = ..., maximal_percent: _Optional[str] = ..., relative_percent: _Optional[str] = ..., relative: _Optional[str] = ...) -> None: ...

class DailyFigures(_message.Message):
    __slots__ = ("days", "growth_percent", "yearly_growth_percent", "sharpe", "sortino", "calmar", "deepest_fall_percent", "longest_below_peak_days", "below_peak_percent")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    GROWTH_PERCENT_FIELD_NUMBER: _ClassVar[int]
    YEARLY_GROWTH_PERCENT_FIELD_NUMBER: _ClassVar[int]
    SHARPE_FIELD_NUMBER: _ClassVar[int]
    SORTINO_FIELD_NUMBER: _ClassVar[int]
    CALMAR_FIELD_NUMBER: _ClassVar[int]
    DEEPEST_FALL_PERCENT_FIELD_NUMBER: _ClassVar[int]
    LONGEST_BELOW_PEAK_DAYS_FIELD_NUMBER: _ClassVar[int]
    BELOW_PEAK_PERCENT_FIELD_NUMBER: _ClassVar[int]
    days: int
    growth_percent: str
    yearly_growth_percent: str
    sharpe: str
    sortino: str
    calmar: str
    deepest_fall_percent: str
    longest_below_peak_days: int
    below_peak_percent: str
    def __init__(self, days: _Optional[int] = ..., growth_percent: _Optional[str] = ..., yearly_growth_percent: _Optional[str] = ..., sharpe: _Optional[str] = ..., sortino: _Optional[str] = ..., calmar: _Optional[str] = ..., deepest_fall_percent: _Optional[str] = ..., longest_below_peak_days: _Optional[int] = ..., below_peak_percent: _Optional[str] = ...) -> None: ...

class PrintedFigure(_message.Message):
    __slots__ = ("label", "text")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    label: str
    text: str
    def __init__(self, label: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Statistics(_message.Message):
    __slots__ = ("account_id", "history_id", "producer_id", "currency", "accounts", "trades", "deals", "won", "balance", "paid", "net_profit", "gross_profit", "gross_loss", "profit_factor", "expected_payoff", "payoff_ratio", "win_rate_percent", "recovery_factor", "system_quality", "balance_drawdown", "equity_drawdown", "daily", "printed", "first_deal_time", "last_deal_time", "complete", "first_deal_broker_time", "last_deal_broker_time")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    DEALS_FIELD_NUMBER: _ClassVar[int]
    WON_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    NET_PROFIT_FIELD_NUMBER: _ClassVar[int]
    GROSS_PROFIT_FIELD_NUMBER: _ClassVar[int]
    GROSS_LOSS_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FACTOR_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_PAYOFF_FIELD_NUMBER: _ClassVar[int]
    PAYOFF_RATIO_FIELD_NUMBER: _ClassVar[int]
    WIN_RATE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_FACTOR_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_QUALITY_FIELD_NUMBER: _ClassVar[int]
    BALANCE_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    EQUITY_DRAWDOWN_FIELD_NUMBER: _ClassVar[int]
    DAILY_FIELD_NUMBER: _ClassVar[int]
    PRINTED_FIELD_NUMBER: _ClassVar[int]
    FIRST_DEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_DEAL_TIME_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    FIRST_DEAL_BROKER_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_DEAL_BROKER_TIME_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    history_id: str
    producer_id: str
    currency: str
    accounts: int
    trades: int
    deals: int
    won: int
    balance: str
    paid: str
    net_profit: str
    gross_profit: str
    gross_loss: str
    profit_factor: str
    expected_payoff: str
    payoff_ratio: str
    win_rate_percent: str
    recovery_factor: str
    system_quality: str
    balance_drawdown: DrawdownFigures
    equity_drawdown: DrawdownFigures
    daily: DailyFigures
    printed: _containers.RepeatedCompositeFieldContainer[PrintedFigure]
    first_deal_time: _timestamp_pb2.Timestamp
    last_deal_time: _timestamp_pb2.Timestamp
    complete: bool
    first_deal_broker_time: str
    last_deal_broker_time: str
    def __init__(self, account_id: _Optional[str] = ..., history_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., currency: _Optional[str] = ..., accounts: _Optional[int] = ..., trades: _Optional[int] = ..., deals: _Optional[int] = ..., won: _Optional[int] = ..., balance: _Optional[str] = ..., paid: _Optional[str] = ..., net_profit: _Optional[str] = ..., gross_profit: _Optional[str] = ..., gross_loss: _Optional[str] = ..., profit_factor: _Optional[str] = ..., expected_payoff: _Optional[str] = ..., payoff_ratio: _Optional[str] = ..., win_rate_percent: _Optional[str] = ..., recovery_factor: _Optional[str] = ..., system_quality: _Optional[str] = ..., balance_drawdown: _Optional[_Union[DrawdownFigures, _Mapping]] = ..., equity_drawdown: _Optional[_Union[DrawdownFigures, _Mapping]] = ..., daily: _Optional[_Union[DailyFigures, _Mapping]] = ..., printed: _Optional[_Iterable[_Union[PrintedFigure, _Mapping]]] = ..., first_deal_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_deal_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., complete: _Optional[bool] = ..., first_deal_broker_time: _Optional[str] = ..., last_deal_broker_time: _Optional[str] = ...) -> None: ...

class BreakdownPart(_message.Message):
    __slots__ = ("key", "trades", "won", "gross_profit", "gross_loss", "net_profit", "profit_factor", "volume")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    WON_FIELD_NUMBER: _ClassVar[int]
    GROSS_PROFIT_FIELD_NUMBER: _ClassVar[int]
    GROSS_LOSS_FIELD_NUMBER: _ClassVar[int]
    NET_PROFIT_FIELD_NUMBER: _ClassVar[int]
    PROFIT_FACTOR_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    key: str
    trades: int
    won: int
    gross_profit: str
    gross_loss: str
    net_profit: str
    profit_factor: str
    volume: str
    def __init__(self, key: _Optional[str] = ..., trades: _Optional[int] = ..., won: _Optional[int] = ..., gross_profit: _Optional[str] = ..., gross_loss: _Optional[str] = ..., net_profit: _Optional[str] = ..., profit_factor: _Optional[str] = ..., volume: _Optional[str] = ...) -> None: ...

class MonthFigures(_message.Message):
    __slots__ = ("year", "month", "result", "paid", "growth_percent")
    YEAR_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    GROWTH_PERCENT_FIELD_NUMBER: _ClassVar[int]
    year: int
    month: int
    result: str
    paid: str
    growth_percent: str
    def __init__(self, year: _Optional[int] = ..., month: _Optional[int] = ..., result: _Optional[str] = ..., paid: _Optional[str] = ..., growth_percent: _Optional[str] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("command_id", "account_id", "signal_id", "producer_id", "position_id", "symbol", "side", "volume", "signal_price", "open_price", "close_price", "closed_volume", "result", "worst_floating", "best_floating", "signal_time", "receive_time", "inbox_time", "decision_time", "grant_time", "send_time", "fill_time", "delay_of_producer", "delay_of_person", "delay_of_platform", "delay_of_broker", "slippage", "slippage_of_person", "slippage_of_platform", "slippage_of_broker")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_PRICE_FIELD_NUMBER: _ClassVar[int]
    OPEN_PRICE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_PRICE_FIELD_NUMBER: _ClassVar[int]
    CLOSED_VOLUME_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    WORST_FLOATING_FIELD_NUMBER: _ClassVar[int]
    BEST_FLOATING_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_TIME_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_FIELD_NUMBER: _ClassVar[int]
    INBOX_TIME_FIELD_NUMBER: _ClassVar[int]
    DECISION_TIME_FIELD_NUMBER: _ClassVar[int]
    GRANT_TIME_FIELD_NUMBER: _ClassVar[int]
    SEND_TIME_FIELD_NUMBER: _ClassVar[int]
    FILL_TIME_FIELD_NUMBER: _ClassVar[int]
    DELAY_OF_PRODUCER_FIELD_NUMBER: _ClassVar[int]
    DELAY_OF_PERSON_FIELD_NUMBER: _ClassVar[int]
    DELAY_OF_PLATFORM_FIELD_NUMBER: _ClassVar[int]
    DELAY_OF_BROKER_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_OF_PERSON_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_OF_PLATFORM_FIELD_NUMBER: _ClassVar[int]
    SLIPPAGE_OF_BROKER_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    account_id: str
    signal_id: str
    producer_id: str
    position_id: int
    symbol: str
    side: _values_pb2.Side
    volume: str
    signal_price: str
    open_price: str
    close_price: str
    closed_volume: str
    result: str
    worst_floating: str
    best_floating: str
    signal_time: _timestamp_pb2.Timestamp
    receive_time: _timestamp_pb2.Timestamp
    inbox_time: _timestamp_pb2.Timestamp
    decision_time: _timestamp_pb2.Timestamp
    grant_time: _timestamp_pb2.Timestamp
    send_time: _timestamp_pb2.Timestamp
    fill_time: _timestamp_pb2.Timestamp
    delay_of_producer: _duration_pb2.Duration
    delay_of_person: _duration_pb2.Duration
    delay_of_platform: _duration_pb2.Duration
    delay_of_broker: _duration_pb2.Duration
    slippage: str
    slippage_of_person: str
    slippage_of_platform: str
    slippage_of_broker: str
    def __init__(self, command_id: _Optional[str] = ..., account_id: _Optional[str] = ..., signal_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., position_id: _Optional[int] = ..., symbol: _Optional[str] = ..., side: _Optional[_Union[_values_pb2.Side, str]] = ..., volume: _Optional[str] = ..., signal_price: _Optional[str] = ..., open_price: _Optional[str] = ..., close_price: _Optional[str] = ..., closed_volume: _Optional[str] = ..., result: _Optional[str] = ..., worst_floating: _Optional[str] = ..., best_floating: _Optional[str] = ..., signal_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., receive_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., inbox_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decision_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., grant_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., send_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fill_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delay_of_producer: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., delay_of_person: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., delay_of_platform: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., delay_of_broker: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., slippage: _Optional[str] = ..., slippage_of_person: _Optional[str] = ..., slippage_of_platform: _Optional[str] = ..., slippage_of_broker: _Optional[str] = ...) -> None: ...

class FunnelStep(_message.Message):
    __slots__ = ("step", "count")
    STEP_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    step: str
    count: int
    def __init__(self, step: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class FunnelMiss(_message.Message):
    __slots__ = ("step", "reason", "count", "newest_signal_id")
    STEP_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    NEWEST_SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    step: str
    reason: str
    count: int
    newest_signal_id: str
    def __init__(self, step: _Optional[str] = ..., reason: _Optional[str] = ..., count: _Optional[int] = ..., newest_signal_id: _Optional[str] = ...) -> None: ...

class ShareLink(_message.Message):
    __slots__ = ("share_link_id", "account_id", "title", "create_time", "expire_time", "revoke_time", "with_report")
    SHARE_LINK_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    WITH_REPORT_FIELD_NUMBER: _ClassVar[int]
    share_link_id: str
    account_id: str
    title: str
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    with_report: bool
    def __init__(self, share_link_id: _Optional[str] = ..., account_id: _Optional[str] = ..., title: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., with_report: _Optional[bool] = ...) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "history_id", "owner_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    history_id: str
    owner_id: str
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., history_id: _Optional[str] = ..., owner_id: _Optional[str] = ...) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("statistics",)
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    statistics: _containers.RepeatedCompositeFieldContainer[Statistics]
    def __init__(self, statistics: _Optional[_Iterable[_Union[Statistics, _Mapping]]] = ...) -> None: ...

class GetBreakdownRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "history_id", "by", "owner_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_ID_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    history_id: str
    by: BreakdownBy
    owner_id: str
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., history_id: _Optional[str] = ..., by: _Optional[_Union[BreakdownBy, str]] = ..., owner_id: _Optional[str] = ...) -> None: ...

class GetBreakdownResponse(_message.Message):
    __slots__ = ("parts", "currency")
    PARTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[BreakdownPart]
    currency: str
    def __init__(self, parts: _Optional[_Iterable[_Union[BreakdownPart, _Mapping]]] = ..., currency: _Optional[str] = ...) -> None: ...

class GetMonthsRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "history_id", "owner_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    HISTORY_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    history_id: str
    owner_id: str
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., history_id: _Optional[str] = ..., owner_id: _Optional[str] = ...) -> None: ...

class GetMonthsResponse(_message.Message):
    __slots__ = ("months", "currency")
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    months: _containers.RepeatedCompositeFieldContainer[MonthFigures]
    currency: str
    def __init__(self, months: _Optional[_Iterable[_Union[MonthFigures, _Mapping]]] = ..., currency: _Optional[str] = ...) -> None: ...

class ListTradesRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListTradesResponse(_message.Message):
    __slots__ = ("trades", "next_page_token")
    TRADES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    trades: _containers.RepeatedCompositeFieldContainer[Trade]
    next_page_token: str
    def __init__(self, trades: _Optional[_Iterable[_Union[Trade, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetFunnelRequest(_message.Message):
    __slots__ = ("account_id", "producer_id", "start_time", "end_time")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    producer_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, account_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetFunnelResponse(_message.Message):
    __slots__ = ("steps", "misses")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    MISSES_FIELD_NUMBER: _ClassVar[int]
    steps: _containers.RepeatedCompositeFieldContainer[FunnelStep]
    misses: _containers.RepeatedCompositeFieldContainer[FunnelMiss]
    def __init__(self, steps: _Optional[_Iterable[_Union[FunnelStep, _Mapping]]] = ..., misses: _Optional[_Iterable[_Union[FunnelMiss, _Mapping]]] = ...) -> None: ...

class CreateShareLinkRequest(_message.Message):
    __slots__ = ("request_id", "account_id", "title", "lifetime", "with_report")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    LIFETIME_FIELD_NUMBER: _ClassVar[int]
    WITH_REPORT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    account_id: str
    title: str
    lifetime: _duration_pb2.Duration
    with_report: bool
    def __init__(self, request_id: _Optional[str] = ..., account_id: _Optional[str] = ..., title: _Optional[str] = ..., lifetime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., with_report: _Optional[bool] = ...) -> None: ...

class CreateShareLinkResponse(_message.Message):
    __slots__ = ("link", "token")
    LINK_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    link: ShareLink
    token: str
    def __init__(self, link: _Optional[_Union[ShareLink, _Mapping]] = ..., token: _Optional[str] = ...) -> None: ...

class ListShareLinksRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListShareLinksResponse(_message.Message):
    __slots__ = ("links", "next_page_token")
    LINKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    links: _containers.RepeatedCompositeFieldContainer[ShareLink]
    next_page_token: str
    def __init__(self, links: _Optional[_Iterable[_Union[ShareLink, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RevokeShareLinkRequest(_message.Message):
    __slots__ = ("share_link_id",)
    SHARE_LINK_ID_FIELD_NUMBER: _ClassVar[int]
    share_link_id: str
    def __init__(self, share_link_id: _Optional[str] = ...) -> None: ...

class RevokeShareLinkResponse(_message.Message):
    __slots__ = ("link",)
    LINK_FIELD_NUMBER: _ClassVar[int]
    link: ShareLink
    def __init__(self, link: _Optional[_Union[ShareLink, _Mapping]] = ...) -> None: ...

class GetSharedStatisticsRequest(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class GetSharedStatisticsResponse(_message.Message):
    __slots__ = ("title", "statistics", "months", "with_report")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    MONTHS_FIELD_NUMBER: _ClassVar[int]
    WITH_REPORT_FIELD_NUMBER: _ClassVar[int]
    title: str
    statistics: Statistics
    months: _containers.RepeatedCompositeFieldContainer[MonthFigures]
    with_report: bool
    def __init__(self, title: _Optional[str] = ..., statistics: _Optional[_Union[Statistics, _Mapping]] = ..., months: _Optional[_Iterable[_Union[MonthFigures, _Mapping]]] = ..., with_report: _Optional[bool] = ...) -> None: ...
