"""The pieces for scripts and agents: the batch verbs, lineage blocks, and texts classified; JSON in and out."""

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from branchline.cli.out import put
from branchline.cli.parser import Parser, bare, new, show
from branchline.errors import InputError, UsageError
from branchline.files import read_bytes
from branchline.schedule.rows import view as view_of_rows
from branchline.schedule.view import STRATEGIES, View
from branchline.terminal.text import for_stream
from branchline.workflow import pieces as workflow
from branchline.workflow.answer import Answer


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    return CALLS[name](parser(name).parse_args(words))


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    PARSERS[name](made)
    return made


def _input(made: Parser) -> None:
    made.add_argument(
        "file", nargs="?", default="", metavar="FILE", help="a JSON list of tasks, a plan or a stored graph; - is stdin"
    )
    made.add_argument("--tasks", default="", metavar="JSON", help="the JSON list itself instead of a file")
    made.add_argument("--tasks-file", default="", metavar="FILE", help="the same as FILE")


def _batch(made: Parser) -> None:
    _input(made)
    made.add_argument("--strategy", choices=STRATEGIES, help="which tasks come first (default: depth-first)")
    made.add_argument("--concurrency", type=int, metavar="N", help="how many tasks run at once (default: 4)")
    made.add_argument("--fill", action="store_true", help="let idle slots take from what would come next")


def _lineage(made: Parser) -> None:
    made.add_argument("task", nargs="?", default="", help="the id of a task of the plan")
    made.add_argument(
        "--plan", default="", metavar="FILE", help="the plan of the task (default: that of the newest graph)"
    )
    made.add_argument(
        "--parent",
        action="append",
        default=[],
        metavar="TITLE",
        help="an ancestor, its id in brackets at the end; given more than once, the root comes first",
    )
    made.add_argument(
        "--children", default="", metavar="JSON", help="the parent's children: a JSON list, or a file with it"
    )
    made.add_argument("--current", default="", metavar="N", help="which child is the task: a number from 0, or its id")


def _text(args: argparse.Namespace) -> tuple[str, str]:
    """The input of a command and what errors call it. Raises UsageError when there is none, InputError for a bad one."""
    name = args.file or args.tasks_file
    if name and args.tasks:
        raise UsageError("give FILE or --tasks, not both")
    if args.tasks:
        return args.tasks, "--tasks"
    if name and name != "-":
        return workflow.decoded(read_bytes(args.directory / Path(name), workflow.MAX_BYTES), name), name
    if not name and sys.stdin.isatty():
        raise UsageError("no tasks were given: name a FILE, or `-` for stdin, or --tasks JSON")
    return stdin_text()


def stdin_text() -> tuple[str, str]:
    """All that comes by stdin, and what errors call it; raises InputError."""
    try:
        given = sys.stdin.buffer.read(workflow.MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"stdin cannot be read: {error.strerror or error}") from None
    return workflow.decoded(given, "stdin"), "stdin"


def _view(args: argparse.Namespace) -> View:
    text, name = _text(args)
    found = workflow.rows_in(text, name)
    return view_of_rows(found) if found is not None else _outline().view(text, name)


def _outline() -> Any:
    """What reads plans and graphs is imported for them alone: most inputs are rows."""
    return import_module("branchline.workflow.outline")


def _show(answer: Answer, args: argparse.Namespace, value: Any) -> int:
    """Print the whole answer with `--json`, else the bare JSON value; what keeps exit status 0 away is said on stderr."""
    if args.json:
        return show(answer, args)
    bare(value)
    if answer.error:
        put(f"branchline: {answer.error}", sys.stderr)
    return answer.status


def _call_validate(args: argparse.Namespace) -> int:
    text, name = _text(args)
    try:
        found = workflow.rows_in(text, name)
    except InputError as fault:
        answer = workflow.validate(None, fault)
    else:
        answer = workflow.validate(found) if found is not None else _outline().validate(text, name)
    return _show(answer._replace(error="") if not args.json else answer, args, answer.data)


def _how(args: argparse.Namespace) -> workflow.How:
    def load(root: Path | None) -> Any:
        return import_module("branchline.config").load(root, os.environ, {})

    return workflow.how(args.strategy, args.concurrency, args.directory, os.environ, load)._replace(fill=args.fill)


def _call_next_batch(args: argparse.Namespace) -> int:
    answer = workflow.next_batch(_view(args), _how(args), told=args.json)
    return _show(answer, args, answer.data["batch"])


def _call_order(args: argparse.Namespace) -> int:
    answer = workflow.order(_view(args), _how(args), told=args.json)
    return _show(answer, args, answer.data["batches"])


def _call_lineage(args: argparse.Namespace) -> int:
    console = import_module("branchline.cli.console").console(args)
    if args.task and (args.parent or args.children):
        raise UsageError("give the id of a task, or --parent and --children, not both")
    if args.task:
        answer: Answer = _outline().lineage_of(console, args.plan, args.task)
        if not answer.data["lineage"] and not args.json:
            put(
                for_stream(f"branchline: {args.task} has no parent, so it has no lineage block", sys.stderr), sys.stderr
            )
        return show(answer, args)
    if not (args.parent and args.children):
        raise UsageError("give the id of a task, or --parent TITLE and --children JSON, with --current N")
    return show(_outline().lineage_from(console, args.parent, args.children, args.current), args)


def _classify(made: Parser) -> None:
    made.add_argument(
        "text", help="the task in words; - reads them from stdin, and what begins with a dash stands after --"
    )
    made.add_argument(
        "--planner",
        default="",
        help="who judges: auto (the first model with credentials, else rules), rules, anthropic, openai, agent:NAME",
    )
    made.add_argument(
        "--lineage",
        default="",
        metavar="FILE",
        help="a file with the lineage block of the task, or the block or JSON itself",
    )
    made.add_argument(
        "--depth",
        type=int,
        default=None,
        metavar="N",
        help="how deep the task lies (default: that of its lineage, else 0)",
    )
    made.add_argument(
        "--task-id", default="", metavar="ID", help="its id: a task that has subtasks already is never split"
    )
    made.add_argument(
        "--todo", "--todo-file", default="TODO.md", metavar="FILE", help="the plan of --task-id (default: TODO.md)"
    )


def _call_classify(args: argparse.Namespace) -> int:
    console = import_module("branchline.cli.console").console(args)
    text = stdin_text()[0] if args.text == "-" else args.text
    own = (args.task_id, Path(args.todo)) if args.task_id else None
    given = _outline().Given(args.lineage, args.depth, own)
    return show(_outline().classify(console, text, args.planner, given), args)


PARSERS: dict[str, Callable[[Parser], None]] = {
    "classify": _classify,
    "lineage": _lineage,
    "format-lineage": _lineage,
    "validate": _input,
    "order": _batch,
    "next-batch": _batch,
}
CALLS: dict[str, Callable[[argparse.Namespace], int]] = {
    "classify": _call_classify,
    "lineage": _call_lineage,
    "format-lineage": _call_lineage,
    "validate": _call_validate,
    "order": _call_order,
    "next-batch": _call_next_batch,
}
