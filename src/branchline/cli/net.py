"""The command that tells of the network tiers."""

import argparse

from branchline.cli.console import console
from branchline.cli.parser import Parser, add_run, new, show
from branchline.errors import UsageError
from branchline.workflow import net as workflow
from branchline.workflow.answer import Answer

ACTIONS = ("classify", "check", "log", "export")


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_intermixed_args(words)  # `net check --json HOST` too
    return show(_answer(args.action, args.names, args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    made.add_argument("action", choices=ACTIONS, help="export prints every rule in force")
    made.add_argument("names", nargs="*", metavar="NAME", help="hosts or URLs; for log the id of one task")
    made.add_argument("--attempt", type=int, default=0, metavar="N", help="log: another attempt than the last")
    add_run(made)
    return made


def _answer(action: str, names: list[str], args: argparse.Namespace) -> Answer:
    asked = console(args)
    if action == "export":
        return workflow.export(asked)
    if action == "log":
        if len(names) != 1:
            raise UsageError("net log: name one task")
        return workflow.log(asked, args.run, names[0], args.attempt)
    if not names:
        raise UsageError(f"net {action}: name a host, for example github.com")
    return workflow.classify(asked, names) if action == "classify" else workflow.check(asked, names)
