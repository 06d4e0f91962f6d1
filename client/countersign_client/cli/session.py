"""One connection for one command, and its answer on the screen."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import betterproto

from countersign_client.address import Tls
from countersign_client.cli.invocation import current
from countersign_client.cli.profile import Profile, chosen
from countersign_client.cli.screen import Column, print_facts, print_json, print_table
from countersign_client.client import Client
from countersign_client.message_json import message_json
from countersign_client.signing import Signer

Result = TypeVar("Result")
Message = TypeVar("Message", bound=betterproto.Message)


class PageRequest(Protocol):
    """A request of a list."""

    page_size: int
    page_token: str


class Page(Protocol):
    """An answer of a list."""

    next_page_token: str


Request = TypeVar("Request", bound=PageRequest)
Answer = TypeVar("Answer", bound=Page)


def client_for(profile: Profile, *, signer: Signer | None = None) -> Client:
    """Return the client of a profile."""
    tls = Tls(Path(profile.root_certificates)) if profile.root_certificates else None
    return Client(profile.address, token=profile.token, signer=signer, tls=tls)


def ask(act: Callable[[Client], Awaitable[Result]], *, signer: Signer | None = None) -> Result:
    """Run `act` with a client of the profile in use. Raises CountersignError."""
    profile = chosen(current().asked, os.environ)

    async def within() -> Result:
        async with client_for(profile, signer=signer) as client:
            return await act(client)

    return asyncio.run(within())


async def gather(
    call: Callable[[Request], Awaitable[Answer]],
    request: Request,
    items_of: Callable[[Answer], Sequence[Result]],
    limit: int,
) -> list[Result]:
    """Return the first `limit` items of a list, page by page."""
    items: list[Result] = []
    while len(items) < limit:
        request.page_size = min(limit - len(items), 500)
        answer = await call(request)
        items += items_of(answer)
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    return items[:limit]


def show(message: Message, columns: Sequence[Column[Message]]) -> None:
    """Print one message: all of it as JSON, or what matters as a list of facts."""
    if current().json:
        print_json(message_json(message))
    else:
        print_facts(message, columns)


def show_all(
    messages: Sequence[Message], columns: Sequence[Column[Message]], *, nothing: str
) -> None:
    """Print messages: as a JSON array, or as a table. `nothing`: what to say if there are none."""
    if current().json:
        print_json([message_json(message) for message in messages])
    else:
        print_table(messages, columns, nothing=nothing)
