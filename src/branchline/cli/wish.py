"""The commands that ask the coordinator of a run for something."""

import argparse

from branchline.cli.console import console
from branchline.cli.parser import Parser, add_run, new, show
from branchline.workflow import wish as workflow


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    return show(workflow.ask(console(args), name, args.task, args.run, _data(name, args)), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    if name == "cancel":
        made.add_argument("task", nargs="?", default="", help="the id of the task")
        made.add_argument(
            "--all", action="store_true", help="the whole run: what runs is stopped, the rest never starts"
        )
    else:
        made.add_argument("task", help="the id of the task")
    if name == "answer":
        made.add_argument("text", nargs="*", help="the answer; for a permission: once, always or reject")
        made.add_argument("--option", type=int, metavar="N", help="the N-th option of the question instead")
    if name == "retry":
        made.add_argument("--worker", default="", help="let another worker try")
        made.add_argument("--model", default="", help="let another model try")
        made.add_argument("--note", default="", help="words for the worker")
        made.add_argument("--resume", action="store_true", help="go on in the same session and worktree")
    add_run(made)
    return made


def _data(name: str, args: argparse.Namespace) -> dict[str, object]:
    if name == "answer":
        return {"text": " ".join(args.text), "option": args.option}
    if name == "retry":
        return {"worker": args.worker, "model": args.model, "note": args.note, "resume": args.resume}
    if name == "cancel":
        return {"all": args.all}
    return {}
