"""Tables that have to stay complete as the contract grows."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import MethodDescriptor

from countersign.v1 import (
    accounts_pb2,
    affiliates_pb2,
    analytics_pb2,
    approvals_pb2,
    audit_pb2,
    charts_pb2,
    devices_pb2,
    execution_pb2,
    guards_pb2,
    histories_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    webhooks_pb2,
)
from countersign_server.errors import CountersignError
from countersign_server.rpc.access import ACCESS, ANYONE
from countersign_server.rpc.catalogue import kinds
from countersign_server.rpc.errors import CODES, code_of
from gateway.catalogue import catalogue
from gateway.refusals import refusals

PROJECT = Path(__file__).parent.parent.parent
AREAS = (
    accounts_pb2,
    analytics_pb2,
    affiliates_pb2,
    approvals_pb2,
    audit_pb2,
    charts_pb2,
    devices_pb2,
    execution_pb2,
    guards_pb2,
    histories_pb2,
    identity_pb2,
    notifications_pb2,
    reconciliation_pb2,
    signals_pb2,
    telegram_pb2,
    webhooks_pb2,
)


def methods() -> Iterator[MethodDescriptor]:
    for area in AREAS:
        for service in area.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def errors() -> list[type[CountersignError]]:
    return [kind for kind in kinds() if kind.__module__.startswith("countersign_server")]


def test_every_area_of_the_contract_is_looked_at() -> None:
    written = {path.stem for path in (PROJECT / "proto/countersign/v1").glob("*.proto")}
    with_services = {Path(area.DESCRIPTOR.name).stem for area in AREAS}

    assert written - with_services == {"rules", "values"}


def test_every_method_says_who_may_call_it() -> None:
    assert set(ACCESS) == {f"/{m.containing_service.full_name}/{m.name}" for m in methods()}


def test_what_anyone_may_call_makes_a_caller_known_or_is_opened_by_a_token() -> None:
    assert {method.rsplit("/", 1)[1] for method, roles in ACCESS.items() if roles is ANYONE} == {
        "CreateSession",
        "EndSession",
        "AcceptInvitation",
        "PairDevice",
        "GetJwks",
        # Nobody: whoever has a share link's token sees what it shows.
        "GetSharedStatistics",
        "GetSharedReport",
        "ReceiveTelegramUpdate",
    }


def test_every_error_has_a_reason_of_its_own() -> None:
    reasons = [kind.reason for kind in errors()]

    assert len(set(reasons)) == len(reasons)
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", reason) for reason in reasons)
    assert "INTERNAL" not in reasons


def test_every_error_says_itself_what_to_do() -> None:
    silent = [kind.__name__ for kind in errors() if "advice" not in vars(kind)]

    assert not silent


def test_every_error_has_a_code_and_every_code_one_family() -> None:
    assert all(code_of(kind) for kind in errors())
    assert len(set(CODES.values())) == len(CODES)


def test_the_documented_errors_are_those_of_the_code() -> None:
    assert (PROJECT / "docs/errors.json").read_text() == catalogue(), "run: make proto"


def test_a_reason_of_server_and_gateway_has_one_code() -> None:
    servers = {kind.reason: code_of(kind) for kind in errors()}
    gateways = list(refusals())

    assert len({refusal.reason for refusal in gateways}) == len(gateways)
    shared = {each.reason: each.code for each in gateways if each.reason in servers}
    assert shared
    assert shared == {reason: servers[reason] for reason in shared}


def test_every_refusal_of_the_gateway_is_documented() -> None:
    known = {entry["reason"] for entry in json.loads(catalogue())["errors"]}
    assert {refusal.reason for refusal in refusals()} <= known


def test_the_reasons_that_the_readers_of_the_contract_match_on_exist() -> None:
    known = {entry["reason"] for entry in json.loads(catalogue())["errors"]}
    # As the contract's comments write them: the code, then the reason.
    codes = "ALREADY_EXISTS|FAILED_PRECONDITION|ABORTED|RESOURCE_EXHAUSTED|PERMISSION_DENIED"
    named = set(re.findall(rf"\b(?:{codes})[ ,(]+([A-Z]+(?:_[A-Z]+)+)", _contract()))

    assert named
    assert named <= known


def test_what_is_generated_is_what_the_contract_makes_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PROJECT / "proto"))  # pyright: ignore[reportUnknownMemberType]
    import generate  # noqa: PLC0415  # pyright: ignore[reportMissingImports]  # a command, in no package

    try:
        assert generate.stale() == [], "run: make proto"  # pyright: ignore[reportUnknownMemberType]
    finally:
        del sys.modules["generate"]


def test_a_request_that_names_a_page_has_a_size_and_a_token() -> None:
    lists = [method for method in methods() if "page_token" in method.input_type.fields_by_name]

    assert lists
    for method in lists:
        assert "page_size" in method.input_type.fields_by_name, method.full_name
        assert "next_page_token" in method.output_type.fields_by_name, method.full_name


def _contract() -> str:
    files = (PROJECT / "proto/countersign/v1").glob("*.proto")
    return "\n".join(path.read_text() for path in files)
