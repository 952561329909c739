"""The commands that show Branchline and help with it."""

import sys
from typing import TextIO, cast

from branchline.cli import COMMANDS
from branchline.cli.console import console
from branchline.cli.out import Lasting
from branchline.cli.parser import Parser, new, show
from branchline.workflow import care as workflow
from branchline.workflow.answer import Answer

SHELLS = ("bash", "zsh", "tcsh")


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    if name == "completion":
        script = completion(args.shell)
        return show(Answer({"script": script}, script), args)
    if name == "selftest":
        there = console(args)._replace(
            out=cast(TextIO, Lasting(sys.stderr))
        )  # what it proved is its one word on stdout
        return show(workflow.selftest(there, seeds=args.seeds, first=args.seed, kills=args.kills), args)
    if name == "doctor":
        return show(workflow.doctor(console(args)), args)
    return show(workflow.demo(console(args), keep=args.keep), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    if name == "completion":
        made.add_argument("shell", choices=SHELLS, help="the shell")
    elif name == "selftest":
        made.add_argument(
            "--kills", type=int, default=20, metavar="N", help="kill -9 so many real coordinators (default 20)"
        )
        made.add_argument("--seeds", type=int, default=1000, metavar="N", help="play so many histories (default 1000)")
        made.add_argument("--seed", type=int, default=0, metavar="N", help="the first of the seeds (default 0)")
    elif name == "demo":
        made.add_argument(
            "--keep", default="", metavar="DIR", help="make the repository in DIR instead of a temporary folder"
        )
    return made


def completion(shell: str) -> str:
    """The completion script of a shell for all commands and their flags."""
    import shtab

    return str(shtab.complete(whole(), shell))


def whole() -> Parser:
    """One parser of all commands, for completion and the generated reference; no command line is read with it."""
    from importlib import import_module

    top = Parser(prog="branchline")
    below = top.add_subparsers(dest="command", parser_class=Parser)
    for name, (module, words) in COMMANDS.items():
        made: Parser = import_module(f"branchline.cli.{module}").parser(name)
        below.add_parser(name, help=words, parents=[made], add_help=False, conflict_handler="resolve")
    return top
