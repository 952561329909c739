"""The commands that read, review and approve plans."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from branchline.cli.console import console
from branchline.cli.out import put
from branchline.cli.parser import Parser, new, show
from branchline.cli.pieces import stdin_text
from branchline.errors import UsageError
from branchline.proc import foreground
from branchline.terminal.text import for_stream, lines
from branchline.workflow import convert as conversion
from branchline.workflow import outline
from branchline.workflow import plan as workflow
from branchline.workflow.answer import Answer

ORDERS = ("numbered", "written", "phase", "document")


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    return show(CALLS[name](args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    PARSERS[name](made)
    return made


def _reading(made: Parser) -> None:
    made.add_argument(
        "--dialect", default="", help="read the plan by the rules of this dialect or format instead of the one found"
    )
    made.add_argument(
        "--order", choices=ORDERS, default="numbered", help="which edges to take besides the written ones"
    )


def _decompose(made: Parser) -> None:
    made.add_argument(
        "plan",
        nargs="?",
        default="",
        help="the plan: markdown, a TODO.md, tasks.json or another format, or a folder of task files",
    )
    made.add_argument(
        "--text",
        default="",
        metavar="GOAL",
        help="split a goal in words instead of a plan (- reads it from stdin); no graph is stored",
    )
    made.add_argument(
        "--planner",
        default="",
        help="who splits goals: auto (the first model with credentials, else rules), rules, anthropic, openai, agent:NAME",
    )
    made.add_argument(
        "--split",
        action="append",
        default=[],
        metavar="ID",
        help="have the planner split this task now, however it is written; may be given more than once",
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


def _convert(made: Parser) -> None:
    made.add_argument(
        "source", metavar="SRC", help="a plan or a graph in any format that is read, or a folder of task files"
    )
    made.add_argument(
        "--to", required=True, choices=conversion.FORMATS, metavar="FORMAT", help=", ".join(conversion.FORMATS)
    )
    made.add_argument("-o", dest="out", default="", metavar="FILE", help="write FILE instead of printing the text")
    made.add_argument("--force", action="store_true", help="overwrite FILE when it exists")
    _reading(made)


def _has_subtasks(made: Parser) -> None:
    made.add_argument("id", help="the id of the task")
    made.add_argument("--todo", "--todo-file", default="TODO.md", metavar="FILE", help="the plan (default: TODO.md)")


def _call_convert(args: argparse.Namespace) -> Answer:
    how = workflow.Reading(args.dialect, args.order, "rules")
    answer = conversion.convert(console(args), Path(args.source), args.to, args.out, how, force=args.force)
    for words in [*answer.data["findings"], *answer.data["losses"]]:
        put(for_stream(" ".join(lines(f"branchline: {args.source}: {words}")), sys.stderr), sys.stderr)
    shown = sys.stdout.isatty() and not args.json  # a file gets the text as it is, a terminal no control characters
    return answer._replace(text="\n".join(lines(answer.text))) if shown else answer


def _call_decompose(args: argparse.Namespace) -> Answer:
    if bool(args.plan) == bool(args.text):
        raise UsageError(
            "name a plan, or a goal: usage: branchline decompose PLAN, or branchline decompose --text GOAL"
        )
    if args.text and (args.split or args.yes or args.dialect):
        raise UsageError(
            "--split, --yes and --dialect are for a plan; of a --text no graph is stored, and none approved"
        )
    if args.text:
        text = stdin_text()[0] if args.text == "-" else args.text
        return outline.decompose_text(console(args), text, args.planner)
    options = workflow.Reading(args.dialect, args.order, args.planner, tuple(args.split))
    return workflow.decompose(
        console(args, foreground),
        Path(args.plan),
        options,
        write=not args.no_write,
        review=not args.no_review,
        yes=args.yes,
    )


PARSERS: dict[str, Callable[[Parser], None]] = {
    "decompose": _decompose,
    "review": _review,
    "approve": _approve,
    "explain": _explain,
    "convert": _convert,
    "has-subtasks": _has_subtasks,
}
CALLS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "decompose": _call_decompose,
    "review": lambda args: workflow.review_plan(console(args, foreground), args.plan, yes=args.yes, whole=args.all),
    "approve": lambda args: workflow.approve(console(args), args.digest),
    "explain": lambda args: workflow.explain_line(
        console(args), Path(args.plan), args.line, workflow.Reading(args.dialect, args.order, "rules")
    ),
    "convert": _call_convert,
    "has-subtasks": lambda args: conversion.has_subtasks(console(args), args.id, Path(args.todo)),
}
