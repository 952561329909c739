"""What every command's parser shares: errors as ours, the flags they all have, and the way out."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from branchline.cli import COMMANDS
from branchline.cli.out import json_line, put
from branchline.errors import UsageError
from branchline.terminal.text import for_stream, safe
from branchline.workflow.answer import Answer

WIDTH = 100
"""Columns of help texts, whatever the terminal: they read the same everywhere, and asking costs an import of shutil."""


def formatter(prog: str) -> argparse.HelpFormatter:
    """The layout of help texts."""
    return argparse.HelpFormatter(prog, width=WIDTH)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours, so that `--json` and exit status 2 hold for them too."""

    def parse_args(self, args: Sequence[str], namespace: Any = None) -> Any:  # type: ignore[override]
        """Parse, keeping the words for the errors; flags may stand anywhere, also before the words of an answer."""
        self._words = tuple(args)
        if "--" in args:  # it would be lost on the way
            return super().parse_args(args, namespace)
        return self.parse_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the command's usage, and the way to name a file that looks like a flag."""
        files = [word for word in getattr(self, "_words", ()) if word.startswith("-") and Path(word).is_file()]
        hint = f"\nto name the file {files[0]}, write ./{files[0]}" if files else ""
        raise UsageError(f"{message}{hint}\n{self.format_usage().strip()}")


def new(name: str) -> Parser:
    """The parser of one command with the flags that all commands share."""
    words = COMMANDS[name][1]
    words = f"{words[0].upper()}{words[1:]}."  # not capitalize(), which makes TODO.md todo.md
    parser = Parser(prog=f"branchline {name}", description=words, allow_abbrev=False, formatter_class=formatter)
    parser.add_argument("--json", action="store_true", help="print exactly one JSON line on stdout")
    parser.add_argument(
        "-C", dest="directory", type=Path, default=Path(), metavar="DIR", help="work as if started in DIR"
    )
    return parser


def add_run(parser: Parser) -> None:
    """`--run`, for commands that speak of the newest run unless told otherwise."""
    parser.add_argument("--run", default="", metavar="RUN", help="another run than the newest")


def show(answer: Answer, args: argparse.Namespace) -> int:
    """Print an answer for people or as one JSON line; return its exit status.

    At 1 its text is what there is in spite of the error, as with `ls`: the one goes to stdout, the other to stderr.
    """
    if args.json:
        put(json_line(answer.as_json(), sys.stdout), sys.stdout)
    elif answer.text:
        stream = sys.stdout if answer.status in (0, 1, 3, 4) else sys.stderr
        put(for_stream(answer.text, stream), stream)
    if answer.status == 1 and not args.json:
        put(for_stream(f"branchline: {safe(answer.error)}", sys.stderr), sys.stderr)
    return answer.status


def bare(value: Any) -> int:
    """Print a bare JSON value, as the verbs for scripts do."""
    put(json_line(value, sys.stdout), sys.stdout)
    return 0
