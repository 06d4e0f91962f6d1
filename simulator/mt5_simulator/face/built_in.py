"""Functions that see what a C function sees of its call.

Python hides from a Python function whether it was called with an empty `**{}` or with no keyword
arguments at all. The package is written in C, sees the difference, and refuses the first: that is
why `executor.submit(mt5.order_send, request)` always fails. So the functions here are built-in
function objects too, made over the interpreter's own C interface. CPython only.
"""

import ctypes
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, cast

Keywords = dict[str, Any] | None
"""The keyword arguments of a call; None when it was made without any, not even an empty set."""

Result = TypeVar("Result")
Body = Callable[[tuple[Any, ...], Keywords], Result]

_VARARGS_AND_KEYWORDS = 0x0001 | 0x0002
_DESCRIPTOR_GET_SLOT = 54  # Py_tp_descr_get of the stable ABI


class _MethodDefinition(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Receiver(ModuleType):
    """Receives a call as `__get__(arguments, keywords)`.

    The slot behind `__get__` takes three objects, turns an absent one into None and calls Python,
    errors included: exactly the shape of a C function with positional and keyword arguments.
    A module, because a built-in function that belongs to one says "function" of itself.
    """

    def __init__(self, body: Body[Any]) -> None:
        super().__init__("mt5_simulator")
        self.body = body

    def __get__(self, arguments: tuple[Any, ...] | None, keywords: Keywords = None) -> object:
        return self.body(arguments or (), keywords)


_slot_of = ctypes.pythonapi.PyType_GetSlot
_slot_of.restype = ctypes.c_void_p
_slot_of.argtypes = (ctypes.py_object, ctypes.c_int)
_receive = _slot_of(_Receiver, _DESCRIPTOR_GET_SLOT)

_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.restype = ctypes.py_object
_new_function.argtypes = (ctypes.c_void_p, ctypes.py_object, ctypes.py_object)

# The interpreter keeps pointers to these for as long as the functions live, which is for ever.
_definitions: list[_MethodDefinition] = []


def built_in(body: Body[Result]) -> Callable[..., Result]:
    """Return a built-in function with the name and doc of `body`, which gets each call's arguments.

    `body` receives the positional arguments and the keywords as they were passed.
    """
    definition = _MethodDefinition(
        body.__name__.encode(),
        _receive,
        _VARARGS_AND_KEYWORDS,
        (body.__doc__ or "").encode(),
    )
    _definitions.append(definition)
    function = _new_function(ctypes.addressof(definition), _Receiver(body), "mt5_simulator")
    return cast("Callable[..., Result]", function)
