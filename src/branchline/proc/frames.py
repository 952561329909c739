"""Messages on the socket between a coordinator and its custodians: four bytes of length, then the marshalled message.

Standard library only, and no import of our own: the custodian loads this file by itself.
"""

import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def frame(message: "tuple[Any, ...]") -> bytes:
    """One message as it travels."""
    body = marshal.dumps(message)
    return len(body).to_bytes(4, "little") + body


def unframe(data: bytes) -> "tuple[list[tuple[Any, ...]], bytes]":
    """The whole messages at the front of `data`, and the rest."""
    messages = []
    while len(data) >= 4 and len(data) >= (end := 4 + int.from_bytes(data[:4], "little")):
        messages.append(marshal.loads(data[4:end]))  # noqa: S302 - from our own other end over a private socket
        data = data[end:]
    return messages, data
