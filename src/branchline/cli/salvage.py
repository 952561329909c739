"""The command that shows what was saved, brings it back, or saves more."""

import argparse
from collections.abc import Callable

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.errors import UsageError
from branchline.workflow import salvage as workflow
from branchline.workflow.answer import Answer

ACTIONS = ("list", "show", "restore", "save")


def run(name: str, words: list[str]) -> int:
    """Run the command."""
    args = parser(name).parse_args(words)
    if args.action != "list" and not args.task:
        raise UsageError(f"salvage {args.action}: name the task; `branchline salvage list` shows what was saved")
    return show(CALLS[args.action](args), args)


def parser(name: str) -> Parser:
    """The parser of the command."""
    made = new(name)
    made.add_argument("--run", default="", metavar="RUN", help="only this run (default: all)")
    made.add_argument("action", choices=ACTIONS, help="what to do; save keeps what a worktree holds now")
    made.add_argument("task", nargs="?", default="", help="the id of the task, or a salvage ref in full")
    made.add_argument("--attempt", default="", metavar="N", help="another attempt than the newest that was saved")
    made.add_argument(
        "--branch", default="", metavar="NAME", help="restore: the branch to make (default: restored/...)"
    )
    made.add_argument("--to", default="", metavar="DIR", help="restore: write the files into this new folder instead")
    return made


CALLS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "list": lambda args: workflow.list_saved(console(args), args.run, args.task),
    "show": lambda args: workflow.show(console(args), args.run, args.task, args.attempt),
    "restore": lambda args: workflow.restore(console(args), args.run, args.task, args.attempt, args.branch, args.to),
    "save": lambda args: workflow.save(console(args), args.run, args.task),
}
