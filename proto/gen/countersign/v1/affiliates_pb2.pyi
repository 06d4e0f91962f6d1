import datetime

from buf.validate import validate_pb2 as _validate_pb2
from countersign.v1 import rules_pb2 as _rules_pb2
from countersign.v1 import values_pb2 as _values_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommissionBasis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMISSION_BASIS_UNSPECIFIED: _ClassVar[CommissionBasis]
    COMMISSION_BASIS_BROKER_COMMISSION: _ClassVar[CommissionBasis]
    COMMISSION_BASIS_LOTS: _ClassVar[CommissionBasis]
    COMMISSION_BASIS_PROFIT: _ClassVar[CommissionBasis]

class TierMeasure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIER_MEASURE_UNSPECIFIED: _ClassVar[TierMeasure]
    TIER_MEASURE_MONTHLY_LOTS: _ClassVar[TierMeasure]
    TIER_MEASURE_REFERRED: _ClassVar[TierMeasure]

class PayoutState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PAYOUT_STATE_UNSPECIFIED: _ClassVar[PayoutState]
    PAYOUT_STATE_REQUESTED: _ClassVar[PayoutState]
    PAYOUT_STATE_APPROVED: _ClassVar[PayoutState]
    PAYOUT_STATE_PAID: _ClassVar[PayoutState]
    PAYOUT_STATE_FAILED: _ClassVar[PayoutState]

class AffiliateHistoryKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AFFILIATE_HISTORY_KIND_UNSPECIFIED: _ClassVar[AffiliateHistoryKind]
    AFFILIATE_HISTORY_KIND_COMMISSION: _ClassVar[AffiliateHistoryKind]
    AFFILIATE_HISTORY_KIND_REVERSAL: _ClassVar[AffiliateHistoryKind]
    AFFILIATE_HISTORY_KIND_PAYOUT_REQUESTED: _ClassVar[AffiliateHistoryKind]
    AFFILIATE_HISTORY_KIND_PAYOUT_PAID: _ClassVar[AffiliateHistoryKind]
    AFFILIATE_HISTORY_KIND_PAYOUT_FAILED: _ClassVar[AffiliateHistoryKind]
COMMISSION_BASIS_UNSPECIFIED: CommissionBasis
COMMISSION_BASIS_BROKER_COMMISSION: CommissionBasis
COMMISSION_BASIS_LOTS: CommissionBasis
COMMISSION_BASIS_PROFIT: CommissionBasis
TIER_MEASURE_UNSPECIFIED: TierMeasure
TIER_MEASURE_MONTHLY_LOTS: TierMeasure
TIER_MEASURE_REFERRED: TierMeasure
PAYOUT_STATE_UNSPECIFIED: PayoutState
PAYOUT_STATE_REQUESTED: PayoutState
PAYOUT_STATE_APPROVED: PayoutState
PAYOUT_STATE_PAID: PayoutState
PAYOUT_STATE_FAILED: PayoutState
AFFILIATE_HISTORY_KIND_UNSPECIFIED: AffiliateHistoryKind
AFFILIATE_HISTORY_KIND_COMMISSION: AffiliateHistoryKind
AFFILIATE_HISTORY_KIND_REVERSAL: AffiliateHistoryKind
AFFILIATE_HISTORY_KIND_PAYOUT_REQUESTED: AffiliateHistoryKind
AFFILIATE_HISTORY_KIND_PAYOUT_PAID: AffiliateHistoryKind
AFFILIATE_HISTORY_KIND_PAYOUT_FAILED: AffiliateHistoryKind

class CommissionTier(_message.Message):
    __slots__ = ("threshold", "rate")
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    threshold: str
    rate: str
    def __init__(self, threshold: _Optional[str] = ..., rate: _Optional[str] = ...) -> None: ...

class AffiliateProgram(_message.Message):
    __slots__ = ("currency", "basis", "measure", "tiers", "minimum_payout", "earning_days", "closed", "create_time")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    MEASURE_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_PAYOUT_FIELD_NUMBER: _ClassVar[int]
    EARNING_DAYS_FIELD_NUMBER: _ClassVar[int]
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    currency: str
    basis: CommissionBasis
    measure: TierMeasure
    tiers: _containers.RepeatedCompositeFieldContainer[CommissionTier]
    minimum_payout: str
    earning_days: int
    closed: bool
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, currency: _Optional[str] = ..., basis: _Optional[_Union[CommissionBasis, str]] = ..., measure: _Optional[_Union[TierMeasure, str]] = ..., tiers: _Optional[_Iterable[_Union[CommissionTier, _Mapping]]] = ..., minimum_payout: _Optional[str] = ..., earning_days: _Optional[int] = ..., closed: _Optional[bool] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BankDetails(_message.Message):
    __slots__ = ("holder", "iban", "local", "bic")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    IBAN_FIELD_NUMBER: _ClassVar[int]
    LOCAL_FIELD_NUMBER: _ClassVar[int]
    BIC_FIELD_NUMBER: _ClassVar[int]
    holder: str
    iban: str
    local: LocalBankAccount
    bic: str
    def __init__(self, holder: _Optional[str] = ..., iban: _Optional[str] = ..., local: _Optional[_Union[LocalBankAccount, _Mapping]] = ..., bic: _Optional[str] = ...) -> None: ...

class LocalBankAccount(_message.Message):
    __slots__ = ("number", "bank_code", "country")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BANK_CODE_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    number: str
    bank_code: str
    country: str
    def __init__(self, number: _Optional[str] = ..., bank_code: _Optional[str] = ..., country: _Optional[str] = ...) -> None: ...

class Payout(_message.Message):
    __slots__ = ("payout_id", "affiliate_id", "amount", "state", "bank_account_hint", "create_time", "update_time", "reference", "reason")
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    AFFILIATE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BANK_ACCOUNT_HINT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    payout_id: str
    affiliate_id: str
    amount: _values_pb2.Money
    state: PayoutState
    bank_account_hint: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    reference: str
    reason: str
    def __init__(self, payout_id: _Optional[str] = ..., affiliate_id: _Optional[str] = ..., amount: _Optional[_Union[_values_pb2.Money, _Mapping]] = ..., state: _Optional[_Union[PayoutState, str]] = ..., bank_account_hint: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reference: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AffiliateHistoryEntry(_message.Message):
    __slots__ = ("entry_id", "kind", "amount", "create_time", "referral_id", "trade_time", "lots", "payout_id", "reversed_entry_id", "reason")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REFERRAL_ID_FIELD_NUMBER: _ClassVar[int]
    TRADE_TIME_FIELD_NUMBER: _ClassVar[int]
    LOTS_FIELD_NUMBER: _ClassVar[int]
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    REVERSED_ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    kind: AffiliateHistoryKind
    amount: _values_pb2.Money
    create_time: _timestamp_pb2.Timestamp
    referral_id: str
    trade_time: _timestamp_pb2.Timestamp
    lots: str
    payout_id: str
    reversed_entry_id: str
    reason: str
    def __init__(self, entry_id: _Optional[str] = ..., kind: _Optional[_Union[AffiliateHistoryKind, str]] = ..., amount: _Optional[_Union[_values_pb2.Money, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., referral_id: _Optional[str] = ..., trade_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lots: _Optional[str] = ..., payout_id: _Optional[str] = ..., reversed_entry_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AffiliateBalance(_message.Message):
    __slots__ = ("currency", "available", "reserved", "earned", "paid")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    EARNED_FIELD_NUMBER: _ClassVar[int]
    PAID_FIELD_NUMBER: _ClassVar[int]
    currency: str
    available: str
    reserved: str
    earned: str
    paid: str
    def __init__(self, currency: _Optional[str] = ..., available: _Optional[str] = ..., reserved: _Optional[str] = ..., earned: _Optional[str] = ..., paid: _Optional[str] = ...) -> None: ...

class AffiliateStanding(_message.Message):
    __slots__ = ("currency", "measured", "rate", "next_threshold")
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    NEXT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    currency: str
    measured: str
    rate: str
    next_threshold: str
    def __init__(self, currency: _Optional[str] = ..., measured: _Optional[str] = ..., rate: _Optional[str] = ..., next_threshold: _Optional[str] = ...) -> None: ...

class RegisterAffiliateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RegisterAffiliateResponse(_message.Message):
    __slots__ = ("token", "link")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    token: str
    link: str
    def __init__(self, token: _Optional[str] = ..., link: _Optional[str] = ...) -> None: ...

class GetAffiliateLinkRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetAffiliateLinkResponse(_message.Message):
    __slots__ = ("link", "token")
    LINK_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    link: str
    token: str
    def __init__(self, link: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class GetAffiliateStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetAffiliateStatsResponse(_message.Message):
    __slots__ = ("referred_count", "active_count", "lots_this_month", "balances", "standings")
    REFERRED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    LOTS_THIS_MONTH_FIELD_NUMBER: _ClassVar[int]
    BALANCES_FIELD_NUMBER: _ClassVar[int]
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    referred_count: int
    active_count: int
    lots_this_month: str
    balances: _containers.RepeatedCompositeFieldContainer[AffiliateBalance]
    standings: _containers.RepeatedCompositeFieldContainer[AffiliateStanding]
    def __init__(self, referred_count: _Optional[int] = ..., active_count: _Optional[int] = ..., lots_this_month: _Optional[str] = ..., balances: _Optional[_Iterable[_Union[AffiliateBalance, _Mapping]]] = ..., standings: _Optional[_Iterable[_Union[AffiliateStanding, _Mapping]]] = ...) -> None: ...

class ListAffiliateHistoryRequest(_message.Message):
    __slots__ = ("limit", "offset", "affiliate_id")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    AFFILIATE_ID_FIELD_NUMBER: _ClassVar[int]
    limit: int
    offset: int
    affiliate_id: str
    def __init__(self, limit: _Optional[int] = ..., offset: _Optional[int] = ..., affiliate_id: _Optional[str] = ...) -> None: ...

class ListAffiliateHistoryResponse(_message.Message):
    __slots__ = ("entries", "total_count")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[AffiliateHistoryEntry]
    total_count: int
    def __init__(self, entries: _Optional[_Iterable[_Union[AffiliateHistoryEntry, _Mapping]]] = ..., total_count: _Optional[int] = ...) -> None: ...

class RequestPayoutRequest(_message.Message):
    __slots__ = ("request_id", "amount", "bank_details")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BANK_DETAILS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    amount: _values_pb2.Money
    bank_details: BankDetails
    def __init__(self, request_id: _Optional[str] = ..., amount: _Optional[_Union[_values_pb2.Money, _Mapping]] = ..., bank_details: _Optional[_Union[BankDetails, _Mapping]] = ...) -> None: ...

class RequestPayoutResponse(_message.Message):
    __slots__ = ("payout",)
    PAYOUT_FIELD_NUMBER: _ClassVar[int]
    payout: Payout
    def __init__(self, payout: _Optional[_Union[Payout, _Mapping]] = ...) -> None: ...

class ListPayoutsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[PayoutState]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[PayoutState, str]]] = ...) -> None: ...

class ListPayoutsResponse(_message.Message):
    __slots__ = ("payouts", "next_page_token")
    PAYOUTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    payouts: _containers.RepeatedCompositeFieldContainer[Payout]
    next_page_token: str
    def __init__(self, payouts: _Optional[_Iterable[_Union[Payout, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class NameReferrerRequest(_message.Message):
    __slots__ = ("referral_code",)
    REFERRAL_CODE_FIELD_NUMBER: _ClassVar[int]
    referral_code: str
    def __init__(self, referral_code: _Optional[str] = ...) -> None: ...

class NameReferrerResponse(_message.Message):
    __slots__ = ("create_time",)
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ApprovePayoutRequest(_message.Message):
    __slots__ = ("payout_id",)
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    payout_id: str
    def __init__(self, payout_id: _Optional[str] = ...) -> None: ...

class ApprovePayoutResponse(_message.Message):
    __slots__ = ("payout",)
    PAYOUT_FIELD_NUMBER: _ClassVar[int]
    payout: Payout
    def __init__(self, payout: _Optional[_Union[Payout, _Mapping]] = ...) -> None: ...

class PayPayoutRequest(_message.Message):
    __slots__ = ("payout_id", "reference")
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    payout_id: str
    reference: str
    def __init__(self, payout_id: _Optional[str] = ..., reference: _Optional[str] = ...) -> None: ...

class PayPayoutResponse(_message.Message):
    __slots__ = ("payout",)
    PAYOUT_FIELD_NUMBER: _ClassVar[int]
    payout: Payout
    def __init__(self, payout: _Optional[_Union[Payout, _Mapping]] = ...) -> None: ...

class FailPayoutRequest(_message.Message):
    __slots__ = ("payout_id", "reason")
    PAYOUT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    payout_id: str
    reason: str
    def __init__(self, payout_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class FailPayoutResponse(_message.Message):
    __slots__ = ("payout",)
    PAYOUT_FIELD_NUMBER: _ClassVar[int]
    payout: Payout
    def __init__(self, payout: _Optional[_Union[Payout, _Mapping]] = ...) -> None: ...

class PutAffiliateProgramRequest(_message.Message):
    __slots__ = ("program",)
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    program: AffiliateProgram
    def __init__(self, program: _Optional[_Union[AffiliateProgram, _Mapping]] = ...) -> None: ...

class PutAffiliateProgramResponse(_message.Message):
    __slots__ = ("program",)
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    program: AffiliateProgram
    def __init__(self, program: _Optional[_Union[AffiliateProgram, _Mapping]] = ...) -> None: ...

class ListAffiliateProgramsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAffiliateProgramsResponse(_message.Message):
    __slots__ = ("programs",)
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    programs: _containers.RepeatedCompositeFieldContainer[AffiliateProgram]
    def __init__(self, programs: _Optional[_Iterable[_Union[AffiliateProgram, _Mapping]]] = ...) -> None: ...

class ReverseCommissionRequest(_message.Message):
    __slots__ = ("entry_id", "reason")
    ENTRY_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    entry_id: str
    reason: str
    def __init__(self, entry_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReverseCommissionResponse(_message.Message):
    __slots__ = ("entry",)
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    entry: AffiliateHistoryEntry
    def __init__(self, entry: _Optional[_Union[AffiliateHistoryEntry, _Mapping]] = ...) -> None: ...
