"""The commands that run a plan and bring its work home."""

import argparse
from collections.abc import Callable

from branchline.cli.console import console
from branchline.cli.parser import Parser, add_run, new, show
from branchline.cli.pulse import common
from branchline.proc import foreground
from branchline.schedule import STRATEGIES
from branchline.workflow import run as workflow
from branchline.workflow.answer import Answer
from branchline.workflow.flags import AUTO, Flags
from branchline.workflow.land import land_run
from branchline.workflow.takeover import take_over


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    return show(CALLS[name](args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    {"execute": _execute, "land": _land, "take-over": _take_over}[name](made)
    return made


def _execute(made: Parser) -> None:
    made.add_argument("plan", nargs="?", default="", help="the plan (default: that of the newest run or graph)")
    common(made, (*STRATEGIES, AUTO))
    made.add_argument(
        "--inline",
        action="store_true",
        help="in place, one session of the agent does all tasks; the gate runs after the last",
    )
    made.add_argument(
        "--only", nargs="+", action="extend", metavar="ID", default=[], help="only these tasks (composites: all below)"
    )
    made.add_argument("--phase", metavar="N", help="only the N-th top-level task of the plan and all below it")
    made.add_argument("--batch", action="store_true", help="wait for a whole batch before the next one starts")
    made.add_argument(
        "--confirm", choices=("plan", "batch", "task"), default="plan", help="what to ask before starting"
    )
    made.add_argument("--detach", action="store_true", help="go on in the background and return at once")
    made.add_argument("--wait", action="store_true", help="stay while questions are open")
    made.add_argument("--fail-fast", action="store_true", help="start nothing more after the first failed task")
    made.add_argument("--dry-run", action="store_true", help="show every prompt, batch and command; start nothing")
    made.add_argument("--new", action="store_true", help="start a new run even when one is unfinished")
    made.add_argument("--yes", action="store_true", help="approve without asking; unsure tasks and checks are held")


def _land(made: Parser) -> None:
    made.add_argument(
        "--pr", action="store_true", help="push the work and open a draft pull request with `gh`; without gh print it"
    )
    add_run(made)


def _take_over(made: Parser) -> None:
    made.add_argument("task", help="the id of the task")
    add_run(made)


def flags_of(args: argparse.Namespace) -> Flags:
    """The flags of a run that were given."""
    names = Flags._fields
    found = Flags(**{name: value for name, value in vars(args).items() if name in names and value is not None})
    return found._replace(in_place=found.in_place or found.inline, only=tuple(found.only))


CALLS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "execute": lambda args: workflow.execute(console(args, foreground), args.plan, flags_of(args)),
    "land": lambda args: land_run(console(args), args.run, pull_request=args.pr),
    "take-over": lambda args: take_over(console(args, foreground), args.run, args.task, quiet=args.json),
}
