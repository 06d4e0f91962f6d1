"""Nothing that somebody else named leads into our own network."""

import asyncio
import socket
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest

from countersign_server.notification_errors import WebhookUrlRefused
from countersign_server.outgoing.addresses import Reach, reach_of
from countersign_server.outgoing.posting import AddressRefused, NotAnswered, Poster, vetted
from countersign_server.webhooks.endpoint import checked_url

PUBLIC = Reach()
INSIDE = (
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",  # where clouds tell a machine its secrets
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104  # that is the point
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "::7f00:1",
    "::ffff:0:7f00:1",
    "64:ff9b:1::7f00:1",
    "2001:0:7f00:1::",
    "5f00::1",
    "3fff::1",
    "192.0.0.8",
    "::ffff:192.0.0.8",
)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_not_called(address: str) -> None:
    assert not PUBLIC.allows(ip_address(address), encrypted=True)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "::ffff:93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]
)
def test_a_public_address_is_called_with_tls_and_not_without(address: str) -> None:
    assert PUBLIC.allows(ip_address(address), encrypted=True)
    assert not PUBLIC.allows(ip_address(address), encrypted=False)


def test_a_network_that_the_operator_names_is_called_and_no_other() -> None:
    reach = reach_of({"10.1.0.0/16"})

    assert reach.allows(ip_address("10.1.2.3"), encrypted=False)
    assert not reach.allows(ip_address("10.2.0.1"), encrypted=True)
    assert not reach.allows(ip_address("::1"), encrypted=True)


async def test_a_name_is_refused_if_any_of_its_addresses_is_ours() -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        await vetted("localhost", 443, PUBLIC, encrypted=True)


async def test_a_name_that_stands_for_nothing_is_refused() -> None:
    with pytest.raises(AddressRefused, match="cannot be resolved"):
        await vetted("nowhere.invalid", 443, PUBLIC, encrypted=True)


@pytest.mark.parametrize("host", ["a..example.com", "example..", f"{'a' * 64}.example.com"])
async def test_what_cannot_be_a_name_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="cannot be resolved"):
        await vetted(host, 443, PUBLIC, encrypted=True)


async def test_https_in_capitals_is_called_with_tls() -> None:
    poster = Poster(PUBLIC, time_limit=timedelta(seconds=20), answer_bytes_max=100)
    async with poster:
        with pytest.raises(NotAnswered, match="is not a public address"):
            # Without TLS it would be refused for that, as any address is.
            await poster.post("HTTPS://127.0.0.1/", b"{}", {})


async def test_a_name_that_means_another_machine_a_moment_later_is_called_where_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()

    async def resolve(host: str | bytes | None, port: object, **_: object) -> list[Any]:
        # As one who wants in does it: first an address that may be called, then one that may not.
        asked.append(str(host))
        found = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    server = await asyncio.start_server(answer_one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    poster = Poster(
        reach_of(["127.0.0.1/32"]), time_limit=timedelta(seconds=20), answer_bytes_max=100
    )
    async with poster, server:
        answer = await poster.post(f"http://rebinding.invalid:{port}/", b"{}", {})

    assert answer.status == 200
    assert asked.count("rebinding.invalid") == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://ex\u00e4mple.com/",
        "https://example.com/\r\nx: y",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://[not-an-address/",
        "https://a..example.com/",
        "https://.example.com/",
        "https://example.com../",
        "https://./",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 126}com/",
    ],
)
def test_a_url_that_cannot_be_right_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        checked_url(url, PUBLIC, field="url")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?a=1",
        "https://hooks.example:8443/",
        "HTTPS://example.com/",
        "https://example.com./",
        f"https://{'a' * 63}.example.com/",
    ],
)
def test_an_https_url_is_taken(url: str) -> None:
    assert checked_url(url, PUBLIC, field="url") == url


def test_plain_http_is_taken_only_where_the_operator_names_networks() -> None:
    reach = reach_of({"127.0.0.1/32"})

    assert checked_url("http://127.0.0.1:8000/", reach, field="url")
    with pytest.raises(WebhookUrlRefused):
        checked_url("http://93.184.215.14/", reach, field="url")
