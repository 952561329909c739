"""The command that masks."""

import argparse
import sys
from typing import cast

from branchline.cli.console import console
from branchline.cli.out import put
from branchline.cli.parser import Parser, new, show
from branchline.errors import InputError, UsageError
from branchline.terminal.text import for_stream, lines
from branchline.workflow import mask as workflow
from branchline.workflow.answer import Answer


def run(name: str, words: list[str]) -> int:
    """Mask or unmask: the text on stdout as it is, the table of findings on stderr."""
    args = parser(name).parse_args(words)
    here = console(args)
    text = workflow.text_of(here, args.text, _stdin(args))
    answer = workflow.unmask_text(here, text) if args.unmask else workflow.mask_text(here, text, dry=args.dry_run)
    if args.json or args.dry_run:
        return show(answer, args)
    if answer.text:
        put(for_stream(answer.text, sys.stderr), sys.stderr)
    _print(answer)
    return answer.status


def parser(name: str) -> Parser:
    """The parser of `mask`."""
    made = new(name)
    made.add_argument("text", nargs="*", metavar="TEXT|FILE|-", help="words, a file, or - (or nothing) for stdin")
    way = made.add_mutually_exclusive_group()
    way.add_argument("--dry-run", action="store_true", help="show what would be masked; print and keep nothing else")
    way.add_argument("--unmask", action="store_true", help="put back what this repository's placeholders stand for")
    return made


def _stdin(args: argparse.Namespace) -> bytes | None:
    if args.text not in ([], ["-"]):
        return None
    if not args.text and sys.stdin.isatty():
        raise UsageError("mask: give a text, a file, or - for stdin")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise InputError(f"stdin cannot be read: {error.strerror or error}") from None


def _print(answer: Answer) -> None:
    text = cast(str, answer.data["text"])
    if sys.stdout.isatty():  # a file gets the text as it is, a terminal no control characters
        put(for_stream("\n".join(lines(text.removesuffix("\n"))), sys.stdout), sys.stdout)
        return
    sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape", newline="")  # type: ignore[union-attr]
    put(text.removesuffix("\n"), sys.stdout)
