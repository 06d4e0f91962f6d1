"""Writes docs/openapi.json: the contract's REST form as OpenAPI 3.1.

python -m gateway.openapi [FILE]
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.contract import PACKAGE, Binding, Method, read_descriptor, read_methods
from gateway.render import PUBLIC_METHODS
from gateway.schemas import Schema, Schemas, load_messages, read_comments

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENT = PROJECT / "docs/openapi.json"

_RAW, _JSON = "google.api.HttpBody", ("application/json",)
# What methods send that answer with bytes of their own; the contract does not say it.
RAW_CONTENT: Mapping[str, Sequence[str]] = {
    "IdentityService/GetJwks": ("application/json",),
    "AuditService/ExportAudit": ("application/x-ndjson",),
    "AuditService/ExportEvidence": ("application/x-ndjson",),
    "AuditService/FollowEvents": ("text/event-stream",),
    "ReconciliationService/FollowPositions": ("text/event-stream",),
    "GuardService/FollowGuards": ("text/event-stream",),
    "ChartService/GetPriceChart": ("image/png",),
    "ChartService/GetEquityChart": ("image/png",),
    "ChartService/DrawPriceChart": ("image/png",),
    "ChartService/DrawEquityChart": ("image/png",),
    # As the request asks.
    "ChartService/GetReport": ("image/png", "application/pdf"),
    "ChartService/GetSharedReport": ("image/png", "application/pdf"),
    "HistoryService/ExportHistory": ("text/csv", "application/json"),
}
_INTRODUCTION = """\
The same methods as over gRPC, transcoded by the gateway.

- Send `authorization: Bearer <access token>`; CreateSession gives one.
- Every error is a Status, its first detail an ErrorInfo; read the `reason`, which never changes.
- Prices, volumes and money are canonical decimal strings; 64-bit numbers are strings.
- A misspelt field is refused by its name, in a body as in a query: `UNKNOWN_FIELD`.
- A retried request keeps its `requestId` or external id and gets the first answer again.
"""
_ERROR: Mapping[str, Schema] = {
    "Status": {
        "type": "object",
        "description": "An error.",
        "required": ["code", "message", "details"],
        "properties": {
            "code": {"type": "integer", "description": "A google.rpc.Code: 5 is NOT_FOUND."},
            "message": {"type": "string", "description": "For a person."},
            "details": {
                "type": "array",
                "description": "The first is an ErrorInfo; a BadRequest names each wrong field.",
                "items": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/ErrorInfo"},
                        {"$ref": "#/components/schemas/BadRequest"},
                        {"type": "object", "required": ["@type"]},
                    ]
                },
            },
        },
    },
    "ErrorInfo": {
        "type": "object",
        "description": "Why, for a program.",
        "required": ["@type", "reason", "domain"],
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.ErrorInfo"},
            "reason": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]+$"},
            "domain": {"const": "countersign"},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    },
    "BadRequest": {
        "type": "object",
        "description": "Which fields are wrong.",
        "required": ["@type", "fieldViolations"],
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.BadRequest"},
            "fieldViolations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "field": {"type": "string"},
                        "description": {"type": "string"},
                        "reason": {"type": "string"},
                    },
                },
            },
        },
    },
}


def document(descriptor: FileDescriptorSet, version: str) -> Schema:
    """Return the OpenAPI document of a descriptor set that was made with source information."""
    load_messages(descriptor)
    comments = read_comments(descriptor)
    schemas = Schemas(comments)
    paths: dict[str, Schema] = {}
    services: set[str] = set()
    for method in read_methods(descriptor):
        for number, binding in enumerate(method.bindings):
            operation = _operation(method, binding, schemas, number)
            paths.setdefault(binding.template, {})[binding.verb.lower()] = operation
            services.add(method.service)
    _refuse_unknown_fields(schemas.components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Countersign", "version": version, "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [
            {"name": _short(service), "description": comments.of(service)}
            for service in sorted(services)
        ],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
            "responses": {"Error": _answer("What went wrong.", _JSON, _ref("Status"))},
            "schemas": dict(sorted((schemas.components | dict(_ERROR)).items())),
        },
    }


def _refuse_unknown_fields(components: Mapping[str, Schema]) -> None:
    """Close what is only ever sent to the server; what it answers may gain fields."""
    asked = _reachable(components, (name for name in components if name.endswith("Request")))
    told = _reachable(components, (name for name in components if name.endswith("Response")))
    for name in asked - told:
        if components[name].get("type") == "object":
            components[name]["additionalProperties"] = False


def _reachable(components: Mapping[str, Schema], roots: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = set(roots)
    while waiting:
        name = waiting.pop()
        found.add(name)
        references = re.findall(r'#/components/schemas/(\w+)"', json.dumps(components[name]))
        waiting |= set(references) - found
    return found


def _operation(method: Method, binding: Binding, schemas: Schemas, number: int) -> Schema:
    request = _descriptor(method.request_type)
    comment = schemas.comments.of(method.path.strip("/").replace("/", "."))
    operation: Schema = {
        "operationId": f"{method.name}{number + 1}" if number else method.name,
        "tags": [_short(method.service)],
        "summary": comment.partition(".")[0],
        "description": comment,
    }
    if method.path in PUBLIC_METHODS:
        operation["security"] = []
    parameters = [
        *(_in_path(request, name, schemas) for name in binding.variables),
        *_in_query(request, binding, schemas),
    ]
    if parameters:
        operation["parameters"] = parameters
    if binding.body:
        raw = method.request_type == _RAW
        body = {"type": "object"} if raw else _body(request, binding, schemas)
        content = {"application/json": {"schema": body}}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = {
        "200": _success(method, schemas),
        "default": {"$ref": "#/components/responses/Error"},
    }
    return operation


def _success(method: Method, schemas: Schemas) -> Schema:
    if method.response_type == _RAW:
        media = RAW_CONTENT[f"{_short(method.service)}/{method.name}"]
        return _answer("As the description says.", media, {"type": "string"})
    schema = schemas.message(method.response_type)
    if method.streams_out:
        return _answer("A line of JSON for each message.", _JSON, schema)
    return _answer("Done.", _JSON, schema)


def _body(request: Descriptor, binding: Binding, schemas: Schemas) -> Schema:
    if binding.body != "*":
        return schemas.property(request.fields_by_name[binding.body])
    if not binding.variables:
        return schemas.message(request.full_name)
    left = [each for each in request.fields if each.name not in binding.variables]
    return schemas.fields(request, left)


def _in_path(request: Descriptor, name: str, schemas: Schemas) -> Schema:
    *outer, last = name.split(".")
    message = request
    for part in outer:
        inner = message.fields_by_name[part].message_type
        if inner is None:
            raise ValueError(f"{request.full_name}: {part} of the path {name} is not a message")
        message = inner
    field = message.fields_by_name[last]
    return _parameter("path", name, field, schemas) | {"required": True}


def _in_query(request: Descriptor, binding: Binding, schemas: Schemas) -> Iterator[Schema]:
    if binding.body == "*":
        return
    for field in request.fields:
        if field.name != binding.body and field.name not in binding.variables:
            yield from _query_of(field, field.name, schemas)


def _query_of(field: FieldDescriptor, name: str, schemas: Schemas) -> Iterator[Schema]:
    """Yield a field's parameter; of a message of ours, one for each of its fields: `look.width`."""
    inner = field.message_type
    if inner is None or not inner.full_name.startswith(f"{PACKAGE}."):
        yield _parameter("query", name, field, schemas)
        return
    # A list of messages has no form in a query.
    if not field.is_repeated:
        for each in inner.fields:
            yield from _query_of(each, f"{name}.{each.name}", schemas)


def _parameter(place: str, name: str, field: FieldDescriptor, schemas: Schemas) -> Schema:
    schema = schemas.property(field)
    description = schema.pop("description", "")
    if "anyOf" in schema:
        # Who leaves a parameter out need not send it empty.
        schema = schema["anyOf"][1]
    return {"name": name, "in": place, "description": description, "schema": schema}


def _answer(description: str, media: Sequence[str], schema: Schema) -> Schema:
    return {"description": description, "content": {one: {"schema": schema} for one in media}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _short(service: str) -> str:
    return service.removeprefix(f"{PACKAGE}.")


def _descriptor(name: str) -> Descriptor:
    return descriptor_pool.Default().FindMessageTypeByName(name)


def build() -> str:
    """Return the document's text, from the contract's sources."""
    with tempfile.TemporaryDirectory() as scratch:
        described = Path(scratch) / "contract.binpb"
        buf = Path(sys.executable).parent / "buf"
        subprocess.run(  # noqa: S603  # our own tool
            [buf, "build", "-o", described],
            check=True,
            cwd=PROJECT,
            env={"PATH": f"{buf.parent}:/usr/bin:/bin", "HOME": scratch},
        )
        descriptor = read_descriptor(described)
    project = tomllib.loads((PROJECT / "proto/pyproject.toml").read_text())["project"]
    return json.dumps(document(descriptor, project["version"]), indent=2) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENT
    target.write_text(build())
