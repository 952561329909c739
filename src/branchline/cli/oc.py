"""The command that looks after OpenCode servers."""

import sys
from argparse import ArgumentTypeError

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.errors import UsageError
from branchline.workflow import oc as workflow
from branchline.workflow import oc_import
from branchline.workflow.oc_desk import Asked

FLAGS = {
    "all": {"models"},
    "model": {"sessions", "create", "prompt"},
    "limit": {"sessions", "messages"},
    "title": {"create"},
    "directory_there": {"create"},
    "yolo": {"create"},
    "always": {"approve"},
    "message": {"reject"},
}
"""Flag -> the verbs that know it."""


def run(name: str, words: list[str]) -> int:
    """Run one verb."""
    args = parser(name).parse_intermixed_args(words)
    there = console(args)
    if args.words[0] == "import":
        return show(oc_import.run(there, args.words[1:]), args)
    verb = next((word for word in args.words[:2] if word in workflow.VERBS), "")
    for flag, verbs in FLAGS.items():
        if verb and getattr(args, flag) and verb not in verbs:
            raise UsageError(f"oc {verb} has no --{flag.removesuffix('_there')}")
    if verb == "prompt" and args.words[-1] == "-":
        args.words[-1] = sys.stdin.read()
    given = {flag.removesuffix("_there"): getattr(args, flag) for flag in FLAGS}
    return show(workflow.run(there, args.words, Asked("", parallel=args.parallel, **given)), args)


def parser(name: str) -> Parser:
    """The parser of all verbs."""
    made = new(name)
    made.add_argument(
        "words",
        nargs="+",
        metavar="WORD",
        help="INSTANCE and a verb in either order, then what it takes: instances, sync, models, sessions, create, "
        "status [SESSION], prompt SESSION TEXT (- reads stdin), messages SESSION, abort SESSION, diagnose SESSION, "
        "permissions, approve REQUEST, reject REQUEST, questions, answer REQUEST TEXT, import FILE; without an "
        "instance all are asked; the beginning of an id is enough",
    )
    made.add_argument("--all", action="store_true", help="models: every one the server has heard of")
    made.add_argument("--model", default="", help="create, prompt: by this model from now on; sessions: only its own")
    made.add_argument("--limit", type=_positive, default=0, metavar="N", help="sessions, messages: at most so many")
    made.add_argument("--title", default="", help="create: how the session is called")
    made.add_argument(
        "--directory",
        dest="directory_there",
        default="",
        metavar="PATH",
        help="create: where it works, absolute or below projects_path; made as a git repository when it is not there",
    )
    made.add_argument("--yolo", action="store_true", help="create: it may do all without asking")
    made.add_argument("--always", action="store_true", help="approve: later sessions of that directory too")
    made.add_argument("--message", default="", help="reject: what the model is told")
    made.add_argument("--parallel", type=_positive, default=24, metavar="N", help="requests at once (default 24)")
    return made


def _positive(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) <= 1000):
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 to 1000")
    return int(text)
