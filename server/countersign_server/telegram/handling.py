"""Handling one update: who did it, may they, what they are answered, and what became of it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from countersign_server.database.engine import Database
from countersign_server.errors import CountersignError, TooManyAttempts
from countersign_server.identity.attempts import attempt_name, count_attempt
from countersign_server.identity.store import user
from countersign_server.outgoing.posting import NotAnswered
from countersign_server.rpc.caller import Role
from countersign_server.rpc.within import InnerDoors
from countersign_server.telegram import chat_store, commands, message_store, update_store
from countersign_server.telegram.bot_api import BotApi, BotRefused
from countersign_server.telegram.button import Action, Reply, token_digest
from countersign_server.telegram.chat import Chat
from countersign_server.telegram.messenger import Messenger
from countersign_server.telegram.pairing import Pairing
from countersign_server.telegram.person import Person
from countersign_server.telegram.pressing import Pressing
from countersign_server.telegram.update import Command, Done, Ignored, Place, Press, done_in
from countersign_server.telegram.update_store import StoredUpdate

_ATTEMPTS_MAX = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Desk:
    """What handling stands on."""

    database: Database
    bot: BotApi
    messenger: Messenger
    doors: InnerDoors
    pairing: Pairing
    requests_per_minute: int
    now: Callable[[], datetime]


async def handle(desk: Desk, stored: StoredUpdate) -> str:
    """Handle an update, mark it as handled, and return what became of it, upper-case."""
    done = done_in(json.loads(stored.body))
    if stored.attempts > _ATTEMPTS_MAX:
        outcome = "GIVEN_UP"
    else:
        outcome = await _handled(desk, stored, done)
    async with desk.database.transaction(None) as tx:
        await update_store.end_update(
            tx,
            stored.update_id,
            kind=_kind(done),
            outcome=outcome,
            place=None if isinstance(done, Ignored) else done.place,
            now=desk.now(),
        )
    return outcome


async def _handled(desk: Desk, stored: StoredUpdate, done: Done) -> str:
    if isinstance(done, Ignored):
        return done.reason
    try:
        async with desk.database.transaction(None) as tx:
            chat = await _own_chat(tx, done.place)
            # Handled again after a crash, it is not one more; and nobody stops too often.
            if stored.attempts == 1 and not (chat is not None and await _stops(tx, done)):
                await _count(desk, tx, done.place)
    except TooManyAttempts:
        await _answer(desk, done, "Too many requests: wait a minute.")
        return "RATE_LIMITED"
    if chat is None:
        return await _stranger(desk, done)
    person = Person(desk.doors, chat, f"telegram:{stored.update_id}")
    if isinstance(done, Press):
        pressing = Pressing(desk.database, desk.now)
        outcome, words = await pressing.press(person, done, stored.update_id)
        await _answer(desk, done, words)
        return outcome
    return await _command(desk, person, done)


async def _command(desk: Desk, person: Person, command: Command) -> str:
    if command.name == "start" and command.words:
        return await _pair(desk, command)
    try:
        replies, outcome = (
            await commands.answer(person, command.name, command.words, desk.now()),
            "ANSWERED",
        )
    except CountersignError as error:
        replies, outcome = [Reply(f"{error.reason}: {error}\n{error.advice}")], error.reason
    for reply in replies:
        await _write(desk, person.chat, reply)
    return outcome


async def _stranger(desk: Desk, done: Command | Press) -> str:
    """Answer somebody whose chat this is not: nothing is shown, nothing is done."""
    if isinstance(done, Press):
        await _answer(desk, done, "This button is not for you.")
        return "STRANGER"
    if not done.place.is_private:
        return "STRANGER"  # in a group not even silence is broken
    if done.name == "start" and done.words:
        return await _pair(desk, done)
    await _say(desk, done.place, "This chat is not paired: run 'countersign telegram pair'.")
    return "STRANGER"


async def _pair(desk: Desk, command: Command) -> str:
    chat = await desk.pairing.pair(command.place, command.words)
    if chat is None:
        await _say(desk, command.place, "This code is not good: make a new one.")
        return "PAIRING_REFUSED"
    await _say(desk, command.place, f"Paired.\n\n{commands.HELP}")
    return "PAIRED"


async def _own_chat(tx: AsyncConnection, place: Place) -> Chat | None:
    """Return the chat if it is paired, of this very person, and of a user who may sign in.

    Only private chats are ever paired.
    """
    chat = await chat_store.chat_at(tx, place.chat_id)
    if chat is None or chat.telegram_user_id != place.user_id:
        return None
    owner = await user(tx, chat.owner_id)
    if owner is None or owner.disabled_at is not None or owner.role is not Role.OWNER:
        return None
    return chat


async def _stops(tx: AsyncConnection, done: Command | Press) -> bool:
    """Tell whether this stops trading, or asks whether to close what is open, or says yes to it."""
    if isinstance(done, Command):
        return done.name in commands.STOPPING
    stored = await message_store.button_held(tx, token_digest(done.token))
    return stored is not None and stored.button.action is Action.FLATTEN


async def _count(desk: Desk, tx: AsyncConnection, place: Place) -> None:
    name = attempt_name("telegram", str(place.user_id))
    await count_attempt(tx, name, now=desk.now(), limit=desk.requests_per_minute)


async def _write(desk: Desk, chat: Chat, reply: Reply) -> None:
    try:
        await desk.messenger.send(chat, reply)
    except (BotRefused, NotAnswered) as error:
        # What was decided is decided, and its message is changed by the way of notifications.
        log.warning("no reply", chat_id=str(chat.id), error=str(error))


async def _say(desk: Desk, place: Place, text: str) -> None:
    try:
        await desk.bot.send(place.chat_id, text, keyboard=None, silent=False)
    except (BotRefused, NotAnswered) as error:
        log.warning("no reply", telegram_chat_id=place.chat_id, error=str(error))


async def _answer(desk: Desk, done: Command | Press, words: str) -> None:
    """Answer a button; a command that is too much is not answered at all."""
    if isinstance(done, Command):
        return
    try:
        await desk.bot.answer_press(done.press_id, words)
    except (BotRefused, NotAnswered) as error:
        log.warning("press not answered", error=str(error))


def _kind(done: Done) -> str:
    match done:
        case Command():
            return f"/{done.name}"
        case Press():
            return "button"
        case Ignored():
            return ""
