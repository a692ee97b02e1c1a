"""Everything that can be reached from an object without the garbage collector's help, for what must not be there."""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

MOST = 50_000
# A loop knows every connection of the process, and so a test's own server.
_LEAVES = (
    asyncio.AbstractEventLoop,
    int,
    float,
    complex,
    bool,
    type(None),
    type,
    types.ModuleType,
    types.BuiltinFunctionType,
)


def where(start: object, secret: str) -> str | None:
    """The way from an object to a secret, by attributes, slots, containers, causes, closures and frames' locals."""
    seen: set[int] = set()
    keep: list[object] = []
    queue: deque[tuple[object, str]] = deque([(start, "it")])
    while queue and len(keep) < MOST:
        value, path = queue.popleft()
        if isinstance(value, str):
            if secret in value:
                return path
            continue
        if isinstance(value, (bytes, bytearray, memoryview)):
            if secret.encode() in bytes(value):
                return path
            continue
        if id(value) in seen or isinstance(value, _LEAVES):
            continue
        seen.add(id(value))
        keep.append(value)
        queue.extend((each, f"{path}{step}") for step, each in _below(value))
    return None


def _below(value: Any) -> Iterator[tuple[str, object]]:
    if isinstance(value, BaseException):
        yield ".__cause__", value.__cause__
        yield ".__context__", value.__context__
        yield ".__traceback__", value.__traceback__
        yield ".args", value.args
    if isinstance(value, types.TracebackType):
        frame: types.FrameType | None = value.tb_frame
        # The test's own frames hold the key: only the frames of the package and of what it calls are looked at.
        if frame is not None and "tests" not in frame.f_code.co_filename:
            yield f".{frame.f_code.co_name}()", dict(frame.f_locals)
        yield ".tb_next", value.tb_next
        return
    if isinstance(value, types.FunctionType):
        for cell in value.__closure__ or ():
            with suppress(ValueError):  # an empty cell
                yield ".closure", cell.cell_contents
        return
    if isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
        return
    if isinstance(value, Mapping):
        for key, each in list(value.items()):
            yield f"[{key!r:.30}]", each
            yield ".key", key
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        for index, each in enumerate(list(value)):
            yield f"[{index}]", each
    for name, each in list(getattr(value, "__dict__", {}).items()):
        yield f".{name}", each
    for kind in type(value).__mro__:
        for name, slot in kind.__dict__.items():
            if isinstance(slot, types.MemberDescriptorType):  # a slot; read as such, since a look-up may compute
                with suppress(AttributeError):
                    yield f".{name}", slot.__get__(value)
