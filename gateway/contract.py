"""What the contract says about its methods: paths, streams, and their REST forms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

PACKAGE = "countersign.v1"
# Its stub takes the extension for a plain field.
_HTTP: Any = annotations_pb2.http

DESCRIPTOR = Path(__file__).resolve().parent / "countersign.binpb"


@dataclass(frozen=True, slots=True)
class Binding:
    """One REST form of a method: "POST", "/api/v1/signals", and what the body fills.

    `body` is "*" for the whole request, a field's name for that field, empty for none.
    """

    verb: str
    template: str
    body: str

    @property
    def variables(self) -> tuple[str, ...]:
        """Fields that the path fills, such as "account.account_id"."""
        return tuple(re.findall(r"\{([^}=]+)[^}]*\}", self.template))


@dataclass(frozen=True, slots=True)
class Method:
    """One rpc of the contract."""

    service: str
    name: str
    request_type: str
    response_type: str
    streams_in: bool
    streams_out: bool
    bindings: tuple[Binding, ...]

    @property
    def path(self) -> str:
        """The path of its gRPC form."""
        return f"/{self.service}/{self.name}"

    @property
    def streams(self) -> bool:
        """Whether messages flow for longer than one answer takes."""
        return self.streams_in or self.streams_out


def read_methods(descriptor: FileDescriptorSet) -> tuple[Method, ...]:
    """Return every method of the contract's package, in the descriptor's order."""
    return tuple(
        Method(
            service=f"{file.package}.{service.name}",
            name=method.name,
            request_type=method.input_type.lstrip("."),
            response_type=method.output_type.lstrip("."),
            streams_in=method.client_streaming,
            streams_out=method.server_streaming,
            bindings=tuple(_bindings(method)),
        )
        for file in descriptor.file
        if file.package == PACKAGE
        for service in file.service
        for method in service.method
    )


def read_descriptor(path: Path = DESCRIPTOR) -> FileDescriptorSet:
    """Return the compiled contract."""
    return FileDescriptorSet.FromString(path.read_bytes())


def _bindings(method: MethodDescriptorProto) -> Iterator[Binding]:
    if not method.options.HasExtension(_HTTP):
        return
    rule: http_pb2.HttpRule = method.options.Extensions[_HTTP]
    for one in (rule, *rule.additional_bindings):
        yield _binding(one)


def _binding(rule: http_pb2.HttpRule) -> Binding:
    kind = rule.WhichOneof("pattern")
    if kind is None:
        raise ValueError("a google.api.http option names no path")
    if kind == "custom":
        return Binding(rule.custom.kind, rule.custom.path, rule.body)
    return Binding(kind.upper(), str(getattr(rule, kind)), rule.body)
