import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Timeframe(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIMEFRAME_UNSPECIFIED: _ClassVar[Timeframe]
    TIMEFRAME_M1: _ClassVar[Timeframe]
    TIMEFRAME_M5: _ClassVar[Timeframe]
    TIMEFRAME_M15: _ClassVar[Timeframe]
    TIMEFRAME_M30: _ClassVar[Timeframe]
    TIMEFRAME_H1: _ClassVar[Timeframe]
    TIMEFRAME_H4: _ClassVar[Timeframe]
    TIMEFRAME_D1: _ClassVar[Timeframe]
    TIMEFRAME_W1: _ClassVar[Timeframe]
    TIMEFRAME_MN1: _ClassVar[Timeframe]

class ChartStyle(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHART_STYLE_UNSPECIFIED: _ClassVar[ChartStyle]
    CHART_STYLE_CANDLES: _ClassVar[ChartStyle]
    CHART_STYLE_HEIKIN_ASHI: _ClassVar[ChartStyle]
    CHART_STYLE_RENKO: _ClassVar[ChartStyle]

class MarkerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MARKER_KIND_UNSPECIFIED: _ClassVar[MarkerKind]
    MARKER_KIND_SIGNAL: _ClassVar[MarkerKind]
    MARKER_KIND_APPROVAL: _ClassVar[MarkerKind]
    MARKER_KIND_ORDER: _ClassVar[MarkerKind]
    MARKER_KIND_BUY: _ClassVar[MarkerKind]
    MARKER_KIND_SELL: _ClassVar[MarkerKind]

class LevelKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_KIND_UNSPECIFIED: _ClassVar[LevelKind]
    LEVEL_KIND_ENTRY: _ClassVar[LevelKind]
    LEVEL_KIND_STOP: _ClassVar[LevelKind]
    LEVEL_KIND_TARGET: _ClassVar[LevelKind]

class ReportFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORT_FORMAT_UNSPECIFIED: _ClassVar[ReportFormat]
    REPORT_FORMAT_PNG: _ClassVar[ReportFormat]
    REPORT_FORMAT_PDF: _ClassVar[ReportFormat]
TIMEFRAME_UNSPECIFIED: Timeframe
TIMEFRAME_M1: Timeframe
TIMEFRAME_M5: Timeframe
TIMEFRAME_M15: Timeframe
TIMEFRAME_M30: Timeframe
TIMEFRAME_H1: Timeframe
TIMEFRAME_H4: Timeframe
TIMEFRAME_D1: Timeframe
TIMEFRAME_W1: Timeframe
TIMEFRAME_MN1: Timeframe
CHART_STYLE_UNSPECIFIED: ChartStyle
CHART_STYLE_CANDLES: ChartStyle
CHART_STYLE_HEIKIN_ASHI: ChartStyle
CHART_STYLE_RENKO: ChartStyle
MARKER_KIND_UNSPECIFIED: MarkerKind
MARKER_KIND_SIGNAL: MarkerKind
MARKER_KIND_APPROVAL: MarkerKind
MARKER_KIND_ORDER: MarkerKind
MARKER_KIND_BUY: MarkerKind
MARKER_KIND_SELL: MarkerKind
LEVEL_KIND_UNSPECIFIED: LevelKind
LEVEL_KIND_ENTRY: LevelKind
LEVEL_KIND_STOP: LevelKind
LEVEL_KIND_TARGET: LevelKind
REPORT_FORMAT_UNSPECIFIED: ReportFormat
REPORT_FORMAT_PNG: ReportFormat
REPORT_FORMAT_PDF: ReportFormat

class ChartLook(_message.Message):
    __slots__ = ("theme", "colours", "zone", "width", "height")
    THEME_FIELD_NUMBER: _ClassVar[int]
    COLOURS_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    theme: str
    colours: _containers.RepeatedScalarFieldContainer[str]
    zone: str
    width: int
    height: int
    def __init__(self, theme: _Optional[str] = ..., colours: _Optional[_Iterable[str]] = ..., zone: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class PriceLook(_message.Message):
    __slots__ = ("style", "brick", "averages", "hide_volume", "profile_levels")
    STYLE_FIELD_NUMBER: _ClassVar[int]
    BRICK_FIELD_NUMBER: _ClassVar[int]
    AVERAGES_FIELD_NUMBER: _ClassVar[int]
    HIDE_VOLUME_FIELD_NUMBER: _ClassVar[int]
    PROFILE_LEVELS_FIELD_NUMBER: _ClassVar[int]
    style: ChartStyle
    brick: str
    averages: _containers.RepeatedScalarFieldContainer[str]
    hide_volume: bool
    profile_levels: int
    def __init__(self, style: _Optional[_Union[ChartStyle, str]] = ..., brick: _Optional[str] = ..., averages: _Optional[_Iterable[str]] = ..., hide_volume: _Optional[bool] = ..., profile_levels: _Optional[int] = ...) -> None: ...

class BarColumns(_message.Message):
    __slots__ = ("times", "opens", "highs", "lows", "closes", "volumes")
    TIMES_FIELD_NUMBER: _ClassVar[int]
    OPENS_FIELD_NUMBER: _ClassVar[int]
    HIGHS_FIELD_NUMBER: _ClassVar[int]
    LOWS_FIELD_NUMBER: _ClassVar[int]
    CLOSES_FIELD_NUMBER: _ClassVar[int]
    VOLUMES_FIELD_NUMBER: _ClassVar[int]
    times: _containers.RepeatedScalarFieldContainer[int]
    opens: _containers.RepeatedScalarFieldContainer[float]
    highs: _containers.RepeatedScalarFieldContainer[float]
    lows: _containers.RepeatedScalarFieldContainer[float]
    closes: _containers.RepeatedScalarFieldContainer[float]
    volumes: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, times: _Optional[_Iterable[int]] = ..., opens: _Optional[_Iterable[float]] = ..., highs: _Optional[_Iterable[float]] = ..., lows: _Optional[_Iterable[float]] = ..., closes: _Optional[_Iterable[float]] = ..., volumes: _Optional[_Iterable[float]] = ...) -> None: ...

class ChartMarker(_message.Message):
    __slots__ = ("kind", "time", "price", "label")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    kind: MarkerKind
    time: _timestamp_pb2.Timestamp
    price: str
    label: str
    def __init__(self, kind: _Optional[_Union[MarkerKind, str]] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., price: _Optional[str] = ..., label: _Optional[str] = ...) -> None: ...

class ChartLevel(_message.Message):
    __slots__ = ("kind", "price")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    kind: LevelKind
    price: str
    def __init__(self, kind: _Optional[_Union[LevelKind, str]] = ..., price: _Optional[str] = ...) -> None: ...

class EquityColumns(_message.Message):
    __slots__ = ("times", "balances", "equities", "payments")
    TIMES_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    EQUITIES_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    times: _containers.RepeatedScalarFieldContainer[int]
    balances: _containers.RepeatedScalarFieldContainer[float]
    equities: _containers.RepeatedScalarFieldContainer[float]
    payments: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, times: _Optional[_Iterable[int]] = ..., balances: _Optional[_Iterable[float]] = ..., equities: _Optional[_Iterable[float]] = ..., payments: _Optional[_Iterable[float]] = ...) -> None: ...

class GetPriceChartRequest(_message.Message):
    __slots__ = ("account_id", "symbol", "timeframe", "bars", "signal_id", "hide_trades", "prices", "look")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    HIDE_TRADES_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    LOOK_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    symbol: str
    timeframe: Timeframe
    bars: int
    signal_id: str
    hide_trades: bool
    prices: PriceLook
    look: ChartLook
    def __init__(self, account_id: _Optional[str] = ..., symbol: _Optional[str] = ..., timeframe: _Optional[_Union[Timeframe, str]] = ..., bars: _Optional[int] = ..., signal_id: _Optional[str] = ..., hide_trades: _Optional[bool] = ..., prices: _Optional[_Union[PriceLook, _Mapping]] = ..., look: _Optional[_Union[ChartLook, _Mapping]] = ...) -> None: ...

class GetEquityChartRequest(_message.Message):
    __slots__ = ("account_id", "days", "look")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    LOOK_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    days: int
    look: ChartLook
    def __init__(self, account_id: _Optional[str] = ..., days: _Optional[int] = ..., look: _Optional[_Union[ChartLook, _Mapping]] = ...) -> None: ...

class GetReportRequest(_message.Message):
    __slots__ = ("account_id", "start_day", "end_day", "format", "theme", "history_id")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    START_DAY_FIELD_NUMBER: _ClassVar[int]
    END_DAY_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    THEME_FIELD_NUMBER: _ClassVar[int]
    HISTORY_ID_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    start_day: str
    end_day: str
    format: ReportFormat
    theme: str
    history_id: str
    def __init__(self, account_id: _Optional[str] = ..., start_day: _Optional[str] = ..., end_day: _Optional[str] = ..., format: _Optional[_Union[ReportFormat, str]] = ..., theme: _Optional[str] = ..., history_id: _Optional[str] = ...) -> None: ...

class GetSharedReportRequest(_message.Message):
    __slots__ = ("token", "format", "theme")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    THEME_FIELD_NUMBER: _ClassVar[int]
    token: str
    format: ReportFormat
    theme: str
    def __init__(self, token: _Optional[str] = ..., format: _Optional[_Union[ReportFormat, str]] = ..., theme: _Optional[str] = ...) -> None: ...

class DrawPriceChartRequest(_message.Message):
    __slots__ = ("title", "bars", "digits", "markers", "levels", "prices", "look")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    MARKERS_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    PRICES_FIELD_NUMBER: _ClassVar[int]
    LOOK_FIELD_NUMBER: _ClassVar[int]
    title: str
    bars: BarColumns
    digits: int
    markers: _containers.RepeatedCompositeFieldContainer[ChartMarker]
    levels: _containers.RepeatedCompositeFieldContainer[ChartLevel]
    prices: PriceLook
    look: ChartLook
    def __init__(self, title: _Optional[str] = ..., bars: _Optional[_Union[BarColumns, _Mapping]] = ..., digits: _Optional[int] = ..., markers: _Optional[_Iterable[_Union[ChartMarker, _Mapping]]] = ..., levels: _Optional[_Iterable[_Union[ChartLevel, _Mapping]]] = ..., prices: _Optional[_Union[PriceLook, _Mapping]] = ..., look: _Optional[_Union[ChartLook, _Mapping]] = ...) -> None: ...

class DrawEquityChartRequest(_message.Message):
    __slots__ = ("title", "points", "currency", "look")
    TITLE_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    LOOK_FIELD_NUMBER: _ClassVar[int]
    title: str
    points: EquityColumns
    currency: str
    look: ChartLook
    def __init__(self, title: _Optional[str] = ..., points: _Optional[_Union[EquityColumns, _Mapping]] = ..., currency: _Optional[str] = ..., look: _Optional[_Union[ChartLook, _Mapping]] = ...) -> None: ...

class PublishChartRequest(_message.Message):
    __slots__ = ("prices", "equity")
    PRICES_FIELD_NUMBER: _ClassVar[int]
    EQUITY_FIELD_NUMBER: _ClassVar[int]
    prices: GetPriceChartRequest
    equity: GetEquityChartRequest
    def __init__(self, prices: _Optional[_Union[GetPriceChartRequest, _Mapping]] = ..., equity: _Optional[_Union[GetEquityChartRequest, _Mapping]] = ...) -> None: ...

class PublishChartResponse(_message.Message):
    __slots__ = ("path", "url", "expire_time", "size_bytes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    path: str
    url: str
    expire_time: _timestamp_pb2.Timestamp
    size_bytes: int
    def __init__(self, path: _Optional[str] = ..., url: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class ListBarsRequest(_message.Message):
    __slots__ = ("account_id", "symbol", "timeframe", "bars")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TIMEFRAME_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    symbol: str
    timeframe: Timeframe
    bars: int
    def __init__(self, account_id: _Optional[str] = ..., symbol: _Optional[str] = ..., timeframe: _Optional[_Union[Timeframe, str]] = ..., bars: _Optional[int] = ...) -> None: ...

class ListBarsResponse(_message.Message):
    __slots__ = ("symbol", "bars", "failure")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BARS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    bars: BarColumns
    failure: str
    def __init__(self, symbol: _Optional[str] = ..., bars: _Optional[_Union[BarColumns, _Mapping]] = ..., failure: _Optional[str] = ...) -> None: ...
