from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
DECIMAL_FIELD_NUMBER: _ClassVar[int]
decimal: _descriptor.FieldDescriptor
POSITIVE_DECIMAL_FIELD_NUMBER: _ClassVar[int]
positive_decimal: _descriptor.FieldDescriptor
UNSIGNED_DECIMAL_FIELD_NUMBER: _ClassVar[int]
unsigned_decimal: _descriptor.FieldDescriptor
INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
instrument: _descriptor.FieldDescriptor
TOKEN_FIELD_NUMBER: _ClassVar[int]
token: _descriptor.FieldDescriptor
BROKER_SYMBOL_FIELD_NUMBER: _ClassVar[int]
broker_symbol: _descriptor.FieldDescriptor
CURRENCY_FIELD_NUMBER: _ClassVar[int]
currency: _descriptor.FieldDescriptor
SHA256_HEX_FIELD_NUMBER: _ClassVar[int]
sha256_hex: _descriptor.FieldDescriptor
