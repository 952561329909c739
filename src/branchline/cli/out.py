"""The way out: streams that may be closed, full, or of another encoding than ours."""

import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from branchline.errors import BranchlineError


def open_streams() -> None:
    """Put an empty stream where the process was started without one, so that no other file takes its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            os.set_inheritable(number, True)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def put(text: str, stream: TextIO) -> None:
    """Write a text and a newline at once; nobody need be reading. Raises BranchlineError when there is no room."""
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        let_go(stream)
    except OSError as error:
        let_go(stream)
        raise BranchlineError(f"the answer cannot be written ({error.strerror}); what the command did stands") from None


def let_go(stream: TextIO) -> None:
    """Send what is written from now on, and what is left in the buffer, nowhere: nobody reads it, or nobody can."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    handle = os.open(os.devnull, os.O_WRONLY)
    os.dup2(handle, number)
    os.close(handle)


def flush() -> None:
    """Empty the buffers before the process ends; a reader who has gone is no fault."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            let_go(stream)


def json_line(data: Mapping[str, Any], stream: TextIO) -> str:
    """One line of JSON that the stream can take: letters as they are where its encoding has them, else escapes."""
    import json

    text = json.dumps(data, ensure_ascii=False, default=str)
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = json.dumps(data, default=str)
    return text


class Lasting:
    """A stream for words on the way, whose reader may go (`| head`): the work goes on, the words go nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or let go."""
        try:
            return self._stream.write(text)
        except OSError:
            let_go(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush, or let go."""
        try:
            self._stream.flush()
        except OSError:
            let_go(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
