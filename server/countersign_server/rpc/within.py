"""Calling the doors from inside the process, as a person: same access table, same rules."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from countersign_server.errors import Forbidden, NotImplementedYet
from countersign_server.rpc.access import ACCESS
from countersign_server.rpc.caller import Call, bind_call
from countersign_server.rpc.validation import check

Method = Callable[[Any, Any], Awaitable[Any]]


class InnerContext:
    """What a method meets where a call over the network has its headers: there are none."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def send_initial_metadata(self, initial_metadata: object) -> None:
        """Let headers of the answer go: whoever calls from inside reads the answer alone."""


class InnerDoors:
    """Every method that a server has. Services are added to it as to a server."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}

    def add_generic_rpc_handlers(self, generic_rpc_handlers: object) -> None:
        """Take what generated code also gives; `add_registered_method_handlers` has all of it."""

    def add_registered_method_handlers(
        self, service_name: str, method_handlers: Mapping[str, Any]
    ) -> None:
        """Take a service's methods, as a server would."""
        for name, handler in method_handlers.items():
            if handler.unary_unary is not None:
                self._methods[f"/{service_name}/{name}"] = handler.unary_unary

    async def call(self, method: str, request: Message, call: Call) -> Any:  # noqa: ANN401  # the method's answer
        """Make one call for the caller in `call`.

        `method` is "ApprovalService/CreateApproval". Raises CountersignError as the method does.
        """
        path = f"/countersign.v1.{method}"
        behave = self._methods.get(path)
        if behave is None:
            raise NotImplementedYet(f"{method} is not part of this server", method=path)
        if call.caller is None or call.caller.role not in ACCESS[path]:
            raise Forbidden(f"{method} is not open to this caller")
        check(request)
        bind_call(call)
        return await behave(request, InnerContext())
