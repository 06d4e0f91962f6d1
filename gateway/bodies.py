"""What REST bodies may hold, in the form that gateway/strict_json.lua reads."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet

from gateway.contract import Binding, Method

_PROGRAM = Path(__file__).resolve().parent / "strict_json.lua"
# Their JSON is a single text.
_TEXTS = frozenset(f"google.protobuf.{name}" for name in ("Duration", "FieldMask", "Timestamp"))
# Of a Lua pattern.
_SPECIAL = re.compile(r"([^A-Za-z0-9/_])")

# Whatever its bytes are, they go to the server as they came.
RAW_BODY = "google.api.HttpBody"

_Messages = Mapping[str, DescriptorProto]
_Lua = str | bool | list["_Lua"] | dict[str, "_Lua"]


def body_check(descriptor: FileDescriptorSet, methods: Iterable[Method]) -> str:
    """Return the program that refuses a body with an unknown field."""
    messages = {
        f"{file.package}.{message.name}": message
        for file in descriptor.file
        for message in file.message_type
    }
    forms: dict[str, _Lua] = {}
    types: set[str] = set()
    for method, binding in sorted(_forms(methods), key=_specific_first):
        body = _body_type(messages, method, binding)
        types |= set(_reached(messages, body)) if body else set()
        known = forms.setdefault(binding.verb, [])
        assert isinstance(known, list)  # noqa: S101  # it was made so in the line above
        known.append([_pattern(binding.template), body or False])
    fields: dict[str, _Lua] = {name: _fields(messages[name]) for name in sorted(types)}
    text = _PROGRAM.read_text()
    return text.replace("${forms}", _lua(forms)).replace("${fields}", _lua(fields))


def _forms(methods: Iterable[Method]) -> Iterator[tuple[Method, Binding]]:
    return ((method, binding) for method in methods for binding in method.bindings)


def _specific_first(form: tuple[Method, Binding]) -> tuple[int, int]:
    # "{id}:rotate" before "{id}", which would take it for a longer id.
    return len(form[1].variables), -len(form[1].template)


def _body_type(messages: _Messages, method: Method, binding: Binding) -> str:
    """Return the type of what the body fills; empty: none, or bytes for the server."""
    if method.request_type == RAW_BODY:
        return ""
    if binding.body in ("", "*"):
        return binding.body and method.request_type
    fields = messages[method.request_type].field
    return next(_message_type(field) for field in fields if field.name == binding.body)


def _reached(messages: _Messages, name: str) -> Iterator[str]:
    """Yield a type, and those of the values within it."""
    reached, waiting = set[str](), [name]
    while waiting:
        current = waiting.pop()
        if current in reached:
            continue
        reached.add(current)
        yield current
        waiting.extend(filter(None, map(_message_type, messages[current].field)))


def _fields(message: DescriptorProto) -> _Lua:
    if message.nested_type:
        raise ValueError(f"{message.name} holds a map, whose keys strict_json.lua takes for fields")
    return {
        written: [field.name, _message_type(field) or False]
        for field in message.field
        for written in (field.name, field.json_name)
    }


def _message_type(field: FieldDescriptorProto) -> str:
    """Return the type of a field's value; empty: it is no JSON object."""
    name = field.type_name.lstrip(".")
    is_object = field.type == FieldDescriptorProto.TYPE_MESSAGE and name not in _TEXTS
    return name if is_object else ""


def _pattern(template: str) -> str:
    fixed = re.split(r"\{[^}]*\}", template)
    return "^" + "[^/]+".join(_SPECIAL.sub(r"%\1", part) for part in fixed) + "$"


def _lua(value: _Lua) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # Names and patterns of the contract, which need no escape.
            return f'"{value}"'
        case list():
            return "{" + ",".join(map(_lua, value)) + "}"
        case dict():
            return "{" + ",".join(f'["{key}"]={_lua(item)}' for key, item in value.items()) + "}"
