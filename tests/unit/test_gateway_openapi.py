"""The OpenAPI document says what the contract says."""

import json
import re
from typing import Any

import pytest

from gateway.contract import read_descriptor, read_methods
from gateway.openapi import DOCUMENT, build

METHODS = read_methods(read_descriptor())


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(DOCUMENT.read_text())


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def test_the_document_is_fresh() -> None:
    assert DOCUMENT.read_text() == build(), "run: python -m gateway.openapi"


def test_every_rest_form_is_in_it(document: dict[str, Any]) -> None:
    written = {(verb.upper(), path) for path, verbs in document["paths"].items() for verb in verbs}

    assert written == {(b.verb, b.template) for method in METHODS for b in method.bindings}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(
    document: dict[str, Any],
) -> None:
    operations = [each for verbs in document["paths"].values() for each in verbs.values()]
    names = [each["operationId"] for each in operations]

    assert len(set(names)) == len(names)
    assert all("Caller:" in each["description"] for each in operations)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r'"[$]ref": "([^"]*)"', json.dumps(document)):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_every_property_is_explained(document: dict[str, Any]) -> None:
    unexplained = [
        f"{name}.{field}"
        for name, each in document["components"]["schemas"].items()
        for field, value in each.get("properties", {}).items()
        if name not in {"Status", "ErrorInfo", "BadRequest"} and "description" not in value
    ]

    assert unexplained == []


def test_a_choice_that_carries_risk_is_required(document: dict[str, Any]) -> None:
    assert schema(document, "StopChoice")["allOf"] == [
        {"oneOf": [{"required": ["stopLoss"]}, {"required": ["noStopLoss"]}]}
    ]


def test_a_price_is_a_canonical_decimal(document: dict[str, Any]) -> None:
    price = schema(document, "StopChoice")["properties"]["stopLoss"]

    assert price["pattern"] == "^(0|[1-9][0-9]{0,17})([.][0-9]{0,8}[1-9])?$"
    assert price["not"] == {"const": "0"}


def test_a_64_bit_number_is_a_string(document: dict[str, Any]) -> None:
    login = schema(document, "AccountFingerprint")["properties"]["login"]

    assert (login["type"], login["pattern"]) == ("string", "^[1-9][0-9]*$")


def test_bytes_are_base64_with_the_length_that_they_have_there(document: dict[str, Any]) -> None:
    payload = schema(document, "SignedSignal")["properties"]["payload"]

    assert (payload["contentEncoding"], payload["maxLength"]) == ("base64", 43_692)


def test_what_an_empty_message_is_refused_for_is_required(document: dict[str, Any]) -> None:
    assert schema(document, "SignedSignal")["required"] == [
        "keyId",
        "sentTimeMs",
        "nonce",
        "format",
        "payload",
        "signature",
    ]


def test_what_is_optional_may_be_empty(document: dict[str, Any]) -> None:
    producer = schema(document, "CreateApiTokenRequest")["properties"]["producerId"]

    assert producer["anyOf"] == [{"const": ""}, {"type": "string", "format": "uuid"}]


def test_a_value_that_may_not_be_left_open_is_not_offered(document: dict[str, Any]) -> None:
    mode = schema(document, "AccountFingerprint")["properties"]["marginMode"]

    assert "MARGIN_MODE_UNSPECIFIED" not in mode["enum"]


def test_a_request_takes_no_unknown_field_and_an_answer_may_gain_some(
    document: dict[str, Any],
) -> None:
    assert schema(document, "CreateSessionRequest")["additionalProperties"] is False
    assert "additionalProperties" not in schema(document, "CreateSessionResponse")


def test_a_patch_names_its_field_its_mask_and_its_id(document: dict[str, Any]) -> None:
    patch = document["paths"]["/api/v1/accounts/{account.account_id}"]["patch"]

    assert [(each["in"], each["name"]) for each in patch["parameters"]] == [
        ("path", "account.account_id"),
        ("query", "update_mask"),
        ("query", "clear_mask"),
    ]
    body = patch["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"] == "#/components/schemas/Account"


def test_live_events_are_server_sent_events(document: dict[str, Any]) -> None:
    answer = document["paths"]["/api/v1/live/events"]["get"]["responses"]["200"]

    assert list(answer["content"]) == ["text/event-stream"]


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/api/v1/charts/report", ["image/png", "application/pdf"]),
        ("/api/v1/histories:export", ["text/csv", "application/json"]),
    ],
)
def test_what_comes_in_a_form_that_the_caller_chooses_names_each(
    document: dict[str, Any], path: str, media: list[str]
) -> None:
    assert list(document["paths"][path]["get"]["responses"]["200"]["content"]) == media


def test_only_what_comes_before_a_token_or_carries_its_own_is_open(
    document: dict[str, Any],
) -> None:
    open_paths = {
        path
        for path, verbs in document["paths"].items()
        for each in verbs.values()
        if each.get("security") == []
    }

    assert open_paths == {
        "/api/v1/sessions",
        "/api/v1/sessions:end",
        "/api/v1/invitations:accept",
        "/api/v1/devices:pair",
        "/api/v1/jwks.json",
        "/api/v1/shared/{token}",
        "/api/v1/shared/{token}/report",
        "/api/v1/telegram/webhook",
    }
