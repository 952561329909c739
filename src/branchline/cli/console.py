"""The person at the other end: the streams, whether one can ask, and the environment."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TextIO, cast

from branchline.cli.out import Lasting
from branchline.errors import UsageError
from branchline.terminal.text import reader
from branchline.workflow.console import Console


def no_editor(argv: Sequence[str], **_: object) -> int:
    """What starts the editor for commands that never show one; `proc` is a tenth of their start."""
    raise UsageError(f"{argv[0]}: this command starts no editor; `branchline review` does")


def console(args: argparse.Namespace, start: Callable[..., int] = no_editor) -> Console:
    """The console of this process; with `--json` people's words go to stderr and nobody is asked.

    `start` runs an editor in the foreground, for the commands that review.
    """
    if not args.directory.is_dir():
        raise UsageError(f"-C {args.directory}: there is no such folder")
    interactive = not args.json and sys.stdin.isatty() and sys.stdout.isatty()
    return Console(
        directory=args.directory.resolve(),
        env=dict(os.environ),
        out=cast(TextIO, Lasting(sys.stderr if args.json else sys.stdout)),
        read=reader(sys.stdin, sys.stdout),
        start=start,
        interactive=interactive,
        fresh=lambda: import_module("branchline.workflow.fresh"),
    )
