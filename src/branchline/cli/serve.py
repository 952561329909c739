"""The command that serves the dashboard, which is a room of this floor: named here, known by its one call."""

import os
import sys
from importlib import import_module

from branchline.cli.console import console
from branchline.cli.out import json_line, put
from branchline.cli.parser import Parser, new
from branchline.errors import UsageError

ROOM = "branchline.serve"
EXTRAS = ("starlette", "uvicorn")


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)

    def announce(url: str) -> None:
        data = {"ok": True, "url": url, "pid": os.getpid()}
        put(json_line(data, sys.stdout) if args.json else f"dashboard: {url}    (^C ends it)", sys.stdout)

    person = console(args)._replace(interactive=False)
    try:
        import_module(ROOM).serve(person, args.host, args.port, announce)
    except KeyboardInterrupt:  # the one line was printed at the start
        return 130
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in EXTRAS:
            raise
        raise UsageError(f"the dashboard needs {error.name}: pip install {' '.join(EXTRAS)}") from None
    return 0


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    made.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: this machine alone)")
    made.add_argument("--port", type=int, default=0, metavar="N", help="the port to listen at (default: a free one)")
    return made
