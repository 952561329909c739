"""The commands that only look."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import cast

from branchline.cli.console import console
from branchline.cli.parser import Parser, add_run, new, show
from branchline.workflow import look as workflow
from branchline.workflow.answer import Answer


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    return show(CALLS[name](args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    if name in ("why", "logs", "prompt", "evidence"):
        made.add_argument("task", help="the id of the task")
    if name in ("logs", "prompt"):
        made.add_argument("--attempt", type=int, default=0, metavar="N", help="another attempt than the last")
    if name == "logs":
        made.add_argument("-f", "--follow", action="store_true", help="go on printing until the attempt ends")
    if name == "report":
        made.add_argument("--format", choices=("text", "md", "html", "json"), default="text", help="how to write it")
    if name == "evidence":
        made.add_argument(
            "--verify", action="store_true", help="run the checks again at the recorded commit, and compare"
        )
    add_run(made)
    return made


def _evidence(args: argparse.Namespace) -> Answer:
    if not args.verify:
        return workflow.evidence(console(args), args.run, args.task)
    verify = import_module("branchline.workflow.verify").verify  # a look needs none of what runs checks
    return cast(Answer, verify(console(args), args.run, args.task))


def _logs(args: argparse.Namespace) -> Answer:
    logs = import_module("branchline.workflow.logs").logs  # what masks, for this alone
    return cast(Answer, logs(console(args), args.run, args.task, args.attempt, follow=args.follow))


def _report(args: argparse.Namespace) -> Answer:
    if args.format != "html":
        hindsight = import_module("branchline.workflow.hindsight").hindsight  # what plays a run again, for this alone
        is_home = import_module("branchline.workflow.left").is_home
        return workflow.report(console(args), args.run, args.format, hindsight, is_home)
    return cast(Answer, import_module("branchline.workflow.page").report_page(console(args), args.run))


def _budget(args: argparse.Namespace) -> Answer:
    spent = import_module("branchline.workflow.money").spent  # it reads the settings, which no other look does
    return cast(Answer, spent(console(args), args.run))


CALLS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "status": lambda args: workflow.status(console(args), args.run),
    "why": lambda args: workflow.why(console(args), args.run, args.task),
    "inbox": lambda args: workflow.inbox(console(args), args.run),
    "logs": _logs,
    "prompt": lambda args: workflow.prompt(console(args), args.run, args.task, args.attempt),
    "evidence": _evidence,
    "report": _report,
    "budget": _budget,
}
