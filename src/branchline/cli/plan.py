"""The commands that read, review and approve plans."""

import argparse
from collections.abc import Callable
from pathlib import Path

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.proc import foreground
from branchline.workflow import plan as workflow
from branchline.workflow.answer import Answer

PLANNERS = ("auto", "rules")
ORDERS = ("numbered", "written", "phase", "document")


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    return show(CALLS[name](args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    {"decompose": _decompose, "review": _review, "approve": _approve, "explain": _explain}[name](made)
    return made


def _reading(made: Parser) -> None:
    made.add_argument(
        "--dialect", default="", help="read the plan by the rules of this dialect instead of the one found"
    )
    made.add_argument(
        "--order", choices=ORDERS, default="numbered", help="which edges to take besides the written ones"
    )


def _decompose(made: Parser) -> None:
    made.add_argument("plan", help="the plan: a markdown file or a TODO.md")
    made.add_argument(
        "--planner", choices=PLANNERS, default="auto", help="who splits tasks: auto takes rules in this version"
    )
    _reading(made)
    made.add_argument("--no-write", action="store_true", help="show what would be stored; touch nothing, need no git")
    made.add_argument("--no-review", action="store_true", help="store the draft without showing it")
    made.add_argument("--yes", action="store_true", help="approve the graph, its checks and its gate as printed")


def _review(made: Parser) -> None:
    made.add_argument("plan", nargs="?", default="", help="the plan (default: that of the newest graph)")
    made.add_argument("--yes", action="store_true", help="approve without asking")
    made.add_argument("--all", action="store_true", help="show every line of a long graph")


def _approve(made: Parser) -> None:
    made.add_argument("digest", help="the digest that decompose or review printed; its first 8 characters are enough")


def _explain(made: Parser) -> None:
    made.add_argument("plan", help="the plan")
    made.add_argument("line", type=int, help="a line number, from 1")
    _reading(made)


def _call_decompose(args: argparse.Namespace) -> Answer:
    options = workflow.Reading(args.dialect, args.order, args.planner)
    return workflow.decompose(
        console(args, foreground),
        Path(args.plan),
        options,
        write=not args.no_write,
        review=not args.no_review,
        yes=args.yes,
    )


CALLS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "decompose": _call_decompose,
    "review": lambda args: workflow.review_plan(console(args, foreground), args.plan, yes=args.yes, whole=args.all),
    "approve": lambda args: workflow.approve(console(args), args.digest),
    "explain": lambda args: workflow.explain_line(
        console(args), Path(args.plan), args.line, workflow.Reading(args.dialect, args.order, "rules")
    ),
}
