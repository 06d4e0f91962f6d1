"""The text that an owner accepts when an account follows a producer."""

from pathlib import Path
from typing import Annotated

import typer

from countersign_client.cli.invocation import command, current
from countersign_client.cli.labels import column
from countersign_client.cli.screen import print_json, say
from countersign_client.cli.session import ask, show
from countersign_client.errors import invalid_value
from countersign_client.message_json import message_json
from countersign_client.wire.countersign import v1

_COLUMNS = (
    column("version", "version"),
    column("published", "publish_time"),
    column("sha-256", "text_sha256"),
)
_CHARACTERS_MAX = 20_000

app = typer.Typer(help="The text that is accepted when an account follows.", no_args_is_help=True)


@command(app, "list")
def list_() -> None:
    """Show the versions of the text, newest first."""
    listed = ask(lambda client: client.accounts.list_consent_texts(v1.ListConsentTextsRequest()))
    if current().json:
        print_json([message_json(text) for text in listed.consent_texts])
        return
    for text in listed.consent_texts:
        show(text, _COLUMNS)
        say(text.text.rstrip("\n") + "\n")
    if not listed.consent_texts:
        say("no consent text is published")


@command(app)
def publish(
    version: Annotated[str, typer.Argument(help="Such as 2026-11.")],
    file: Annotated[Path, typer.Argument(help="The text, UTF-8.")],
) -> None:
    """Publish a version, which holds for new subscriptions from now on. For operators."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise invalid_value(f"{file} cannot be read as UTF-8: {error}", field="file") from None
    if not 1 <= len(text) <= _CHARACTERS_MAX:
        raise invalid_value(
            f"the text has {len(text)} characters; 1 to 20,000 are allowed", field="text"
        )
    request = v1.PublishConsentTextRequest(version=version, text=text)
    show(ask(lambda client: client.accounts.publish_consent_text(request)).consent_text, _COLUMNS)
