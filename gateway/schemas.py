"""What the contract's messages look like as JSON: JSON Schema with the contract's own rules."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

import protovalidate
from buf.validate import validate_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.message_factory import GetMessageClass

from gateway.contract import PACKAGE

Schema = dict[str, Any]

_FIELD_RULES: Any = validate_pb2.field
_ONEOF_RULES: Any = validate_pb2.oneof
_PREDEFINED: Any = validate_pb2.predefined

_KNOWN: Mapping[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+([.][0-9]{1,9})?s$"},
    "google.protobuf.FieldMask": {"type": "string", "examples": ["displayName,limits.maxLots"]},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Empty": {"type": "object"},
}
_SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "format": "uint32"},
    FieldDescriptor.CPPTYPE_INT64: {"type": "string", "pattern": "^-?[0-9]+$"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "pattern": "^[0-9]+$"},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}


@dataclass(frozen=True, slots=True)
class Comments:
    """What the contract says about each of its names."""

    by_name: Mapping[str, str]

    def of(self, name: str) -> str:
        """Return the comment above what has this full name; empty: there is none."""
        return self.by_name.get(name, "")


def load_messages(descriptor: FileDescriptorSet) -> None:
    """Import the generated modules, whose messages and rules are looked up by name."""
    for file in descriptor.file:
        if file.package == PACKAGE:
            import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")


def read_comments(descriptor: FileDescriptorSet) -> Comments:
    """Return the comments of a descriptor set that was made with source information."""
    return Comments(dict(_comments(descriptor)))


def _comments(descriptor: FileDescriptorSet) -> Iterator[tuple[str, str]]:
    for file in descriptor.file:
        for location in file.source_code_info.location:
            if location.leading_comments and file.package == PACKAGE and len(location.path) > 1:
                yield _name_at(file, location.path), _tidy(location.leading_comments)


def _name_at(file: FileDescriptorProto, path: Sequence[int]) -> str:
    """Return the full name of what a comment's path leads to: pairs of field number and index."""
    name, node = file.package, cast("Any", file)
    for number, index in zip(path[::2], path[1::2], strict=True):
        node = getattr(node, node.DESCRIPTOR.fields_by_number[number].name)[index]
        name = f"{name}.{node.name}"
    return name


def _tidy(comment: str) -> str:
    lines = (line.strip() for line in comment.strip().splitlines())
    return "\n".join(line for line in lines if not line.startswith("buf:lint:"))


@dataclass(slots=True)
class Schemas:
    """Collects the schemas that are referred to, each once."""

    comments: Comments
    components: dict[str, Schema] = field(default_factory=dict[str, Schema])

    def message(self, name: str) -> Schema:
        """Return a reference to a message's schema."""
        if name in _KNOWN:
            return dict(_KNOWN[name])
        short = name.rpartition(".")[2]
        if short not in self.components:
            self.components[short] = {}
            found = descriptor_pool.Default().FindMessageTypeByName(name)
            self.components[short] = self.fields(found, found.fields)
        return {"$ref": f"#/components/schemas/{short}"}

    def fields(self, message: Descriptor, fields: Iterable[FieldDescriptor]) -> Schema:
        """Return an object's schema of some of a message's fields."""
        chosen = list(fields)
        needed = needed_fields(message)
        schema: Schema = {
            "type": "object",
            "description": self.comments.of(message.full_name),
            "properties": {each.json_name: self.property(each) for each in chosen},
        }
        required = [each.json_name for each in chosen if each.name in needed]
        choices: list[Schema] = [
            {"oneOf": [{"required": [each.json_name]} for each in oneof.fields]}
            for oneof in message.oneofs
            if oneof.GetOptions().Extensions[_ONEOF_RULES].required
        ]
        return _without_empty(schema | {"required": required, "allOf": choices})

    def property(self, each: FieldDescriptor) -> Schema:
        """Return a field's schema with its comment."""
        rules: validate_pb2.FieldRules = each.GetOptions().Extensions[_FIELD_RULES]
        schema = self._shape(each, rules)
        if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE and not each.is_repeated:
            schema = {"anyOf": [{"const": zero_value(each)}, schema]}
        said = [self.comments.of(each.full_name), *(f"It {rule.message}." for rule in rules.cel)]
        return _without_empty({"description": " ".join(filter(None, said))}) | schema

    def _shape(self, each: FieldDescriptor, rules: validate_pb2.FieldRules) -> Schema:
        kind = each.message_type
        if kind is not None and kind.GetOptions().map_entry:
            value = kind.fields_by_name["value"]
            return {
                "type": "object",
                "additionalProperties": self._single(value, rules.map.values),
                **_present(rules.map, {"min_pairs": "minProperties", "max_pairs": "maxProperties"}),
            }
        if each.is_repeated:
            return {
                "type": "array",
                "items": self._single(each, rules.repeated.items),
                **_present(rules.repeated, {"min_items": "minItems", "max_items": "maxItems"}),
                **({"uniqueItems": True} if rules.repeated.unique else {}),
            }
        return self._single(each, rules)

    def _single(self, each: FieldDescriptor, rules: validate_pb2.FieldRules) -> Schema:
        if each.message_type is not None:
            return self.message(each.message_type.full_name)
        if each.enum_type is not None:
            return self._enum(each.enum_type) | _allowed(each.enum_type, rules.enum)
        if each.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64", **_encoded_length(rules.bytes)}
        kind = rules.WhichOneof("type")
        shape = dict(_SCALARS[each.cpp_type])
        if kind is None:
            return shape
        return shape | _scalar_rules(shape, getattr(rules, kind))

    def _enum(self, enum: EnumDescriptor) -> Schema:
        meanings = "\n".join(
            f"- {value.name}: {self.comments.of(f'{enum.full_name}.{value.name}')}"
            for value in enum.values
        )
        self.components[enum.name] = {
            "type": "string",
            "description": f"{self.comments.of(enum.full_name)}\n\n{meanings}",
            "enum": [value.name for value in enum.values],
        }
        return {"$ref": f"#/components/schemas/{enum.name}"}


def needed_fields(message: Descriptor) -> set[str]:
    """Return the fields without which a message is refused: those an empty one is refused for."""
    violations = protovalidate.collect_violations(GetMessageClass(message)())
    paths = (violation.proto.field.elements for violation in violations if violation.proto.field)
    return {path[0].field_name for path in paths if len(path) == 1}


def zero_value(each: FieldDescriptor) -> object:
    """Return what a field is when it is not set, as JSON has it."""
    if each.enum_type is not None:
        return each.enum_type.values[0].name
    if each.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return False
    if _SCALARS.get(each.cpp_type, {}).get("type") in {"integer", "number"}:
        return 0
    wide = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}
    return "0" if each.cpp_type in wide else ""


def _scalar_rules(shape: Schema, rules: Any) -> Schema:  # noqa: ANN401  # StringRules, Int32Rules and so on
    limits: Schema = {}
    for rule, value in rules.ListFields():
        if rule.is_extension:
            limits |= _predefined(rule)
        elif rule.name in {"uuid", "email", "uri", "hostname", "ip"}:
            limits["format"] = rule.name
        elif rule.name in _STRING_RULES:
            limits[_STRING_RULES[rule.name]] = value
        elif rule.name == "in":
            limits["enum"] = list(value)
        elif rule.name in {"const", "pattern"}:
            limits[rule.name] = value
        elif shape["type"] == "string":
            limits |= _wide_integer(rule.name, int(value))
        else:
            limits[_NUMBER_RULES[rule.name]] = value
    return limits


_STRING_RULES = {"min_len": "minLength", "max_len": "maxLength"}
_NUMBER_RULES = {
    "gt": "exclusiveMinimum", "gte": "minimum", "lt": "exclusiveMaximum", "lte": "maximum",
}  # fmt: skip


def _wide_integer(rule: str, bound: int) -> Schema:
    """Return a 64-bit integer's limit: JSON has it as a string, which has no minimum."""
    if (rule, bound) == ("gt", 0):
        return {"pattern": "^[1-9][0-9]*$"}
    if (rule, bound) == ("gte", 0):
        return {"pattern": "^[0-9]+$"}
    words = {"gt": "above", "gte": "at least", "lt": "below", "lte": "at most"}
    return {"$comment": f"{words[rule]} {bound}"}


def _predefined(rule: FieldDescriptor) -> Schema:
    """Return the pattern inside a shared rule's expression, so that it is written down once."""
    rules: validate_pb2.PredefinedRules = rule.GetOptions().Extensions[_PREDEFINED]
    pattern = re.search(r"matches\('([^']*)'\)", rules.cel[0].expression)
    if pattern is None:
        raise ValueError(f"{rule.full_name}: its expression matches no pattern")
    excluded = re.search(r"this != '([^']*)'", rules.cel[0].expression)
    return {"pattern": pattern[1], **({"not": {"const": excluded[1]}} if excluded else {})}


def _allowed(enum: EnumDescriptor, rules: validate_pb2.EnumRules) -> Schema:
    chosen = {getattr(rules, "in")[i] for i in range(len(getattr(rules, "in")))} or {
        value.number for value in enum.values
    }
    chosen -= set(rules.not_in)
    if len(chosen) == len(enum.values):
        return {}
    return {"enum": [value.name for value in enum.values if value.number in chosen]}


def _encoded_length(rules: validate_pb2.BytesRules) -> Schema:
    """Return the limits of base64 text for limits in bytes."""
    limits: Schema = {}
    for name, limit in (("min_len", "minLength"), ("max_len", "maxLength")):
        if rules.HasField(name):
            limits[limit] = -(-getattr(rules, name) // 3) * 4
    return limits


def _present(rules: Any, names: Mapping[str, str]) -> Schema:  # noqa: ANN401  # RepeatedRules or MapRules
    return {limit: getattr(rules, rule) for rule, limit in names.items() if rules.HasField(rule)}


def _without_empty(schema: Schema) -> Schema:
    return {name: value for name, value in schema.items() if value not in ("", [], {})}
