"""Errors as words or as one JSON line."""

import errno
import sys
import tempfile
import traceback

from branchline import __version__
from branchline.cli.out import json_line, put
from branchline.errors import BranchlineError, StoreFullError
from branchline.terminal.text import for_stream, lines


def fail(error: BranchlineError, as_json: bool) -> int:
    """Say what went wrong and return the exit status; an error that cannot even be said has its status still."""
    try:
        if as_json:
            data = {"ok": False, "code": error.code, "error": error.message, "details": error.details}
            put(json_line(data, sys.stdout), sys.stdout)
        else:
            # A message may quote a plan, a path or a worker.
            put(for_stream("branchline: " + "\n".join(lines(error.message)), sys.stderr), sys.stderr)
    except BranchlineError:
        return error.exit_status
    return error.exit_status


def crash(error: Exception, words: list[str]) -> BranchlineError:
    """Write a report of what nobody foresaw, and name it; a full disk is foreseen, wherever it was met."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFullError(f"the disk is full: {error}; make room, then run it again. What was recorded stays")
    with tempfile.NamedTemporaryFile("w", prefix="branchline-crash-", suffix=".txt", delete=False) as file:
        file.write(
            f"branchline {__version__}, {sys.version}\n{words[:1]}\n\n{''.join(traceback.format_exception(error))}"
        )
    said = f"unexpected {type(error).__name__}: {error}; the crash report is {file.name}. What was recorded stays"
    return BranchlineError(said)
