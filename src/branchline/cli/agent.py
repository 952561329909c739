"""The command for named agent sessions: one JSON line whatever happens, with the keys and codes that scripts rely on."""

import argparse
from collections.abc import Sequence
from importlib import import_module

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.errors import SessionError, UsageError
from branchline.workflow.agent import Wish

VERBS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "run": (
        "agent_run",
        "run",
        ("name", "prompt", "resume", "last", "worker", "model", "variant", "agent", "file"),
    ),
    "status": ("agent", "status", ("name", "wait", "wait_terminal", "timeout")),
    "result": ("agent", "result", ("name", "wait", "timeout")),
    "search": ("agent", "search", ("name", "pattern", "role", "timeout")),
    "cancel": ("agent", "cancel", ("name", "signal")),
    "list": ("agent", "listed", ()),
    "shims": ("agent", "shims", ("folder",)),
}
"""Verb -> its module and function in `workflow`, and the arguments it takes beside --cwd."""
LONGEST_NAME = 255


def run(name: str, words: list[str]) -> int:
    """Run one verb."""
    made = parser(name)
    try:
        args, unknown = made.parse_known_args(_joined(made, words))
    except UsageError as error:
        raise SessionError("E_ARG_UNKNOWN", error.message.partition("\n")[0]) from None
    args.json = True
    wish = _wish(args, unknown)
    if not args.directory.is_dir():
        raise SessionError("E_CWD_INVALID", f"-C {args.directory}: there is no such folder", cwd=str(args.directory))
    module, function, _ = VERBS[args.verb]
    return show(getattr(import_module(f"branchline.workflow.{module}"), function)(console(args), wish), args)


def parser(name: str) -> Parser:
    """The parser of all verbs; which flags belong to which stands in VERBS."""
    made = new(name)
    made.add_argument("verb", nargs="?", metavar="VERB", help=f"one of {', '.join(VERBS)}")
    made.add_argument("folder", nargs="?", metavar="DIR", help="shims: where to write the scripts")
    made.add_argument("--name", help="the session's name; it may hold /")
    made.add_argument("--prompt", metavar="TEXT", help="run: the message to the agent")
    made.add_argument("--resume", action="store_true", default=None, help="run: go on with the session of this name")
    made.add_argument("--last", action="store_true", default=None, help="run: go on with the newest session")
    made.add_argument(
        "--cwd", metavar="DIR", help="run: where the agent works; other verbs: also look for sessions there"
    )
    made.add_argument("--worker", metavar="W", help="run: the worker (default: opencode, or the setting)")
    made.add_argument("--model", metavar="M", help="run: the model, as provider/model")
    made.add_argument("--variant", metavar="V", help="run: the model's variant")
    made.add_argument("--agent", metavar="A", help="run: the agent's own preset")
    made.add_argument("--file", action="append", metavar="FILE", help="run: attach a text file; may be repeated")
    made.add_argument(
        "--wait", action="store_true", default=None, help="status: until any changes; result: until it ends"
    )
    made.add_argument("--wait-terminal", action="store_true", default=None, help="status: until done or unknown")
    made.add_argument("--timeout", metavar="SECONDS", type=seconds, help="how long to wait (300; search 10; 0: a day)")
    made.add_argument("--pattern", metavar="REGEX", help="search: the regular expression")
    made.add_argument("--role", choices=("any", "user", "assistant"), help="search: whose words")
    made.add_argument("--signal", metavar="TERM|KILL", help="cancel: TERM and KILL after 10 s, or KILL at once")
    return made


def _wish(args: argparse.Namespace, unknown: Sequence[str]) -> Wish:
    """What was asked; raises SessionError for an unknown verb, a flag it does not take, and words that are no UTF-8."""
    if args.verb not in VERBS:
        said = f"there is no verb {args.verb!r}" if args.verb else "no verb was given"
        raise SessionError("E_CMD_UNKNOWN", f"{said}; there are {', '.join(VERBS)}", cmd=args.verb)
    given = {name: value for name, value in vars(args).items() if name in Wish._fields and value is not None}
    strange = [
        *unknown,
        *(
            args.folder if name == "folder" else f"--{name.replace('_', '-')}"
            for name in given
            if name not in ("cwd", *VERBS[args.verb][2])
        ),
    ]
    if strange:
        raise SessionError("E_ARG_UNKNOWN", f"agent {args.verb} takes no {strange[0]}", arg=strange[0])
    for name, value in given.items():
        text = "".join(value) if isinstance(value, list) else str(value)
        if not text.isascii() and text != text.encode("utf-8", "replace").decode():
            raise SessionError("E_ARG_UNKNOWN", f"--{name} is not UTF-8", arg=f"--{name}")
    if len(given.get("name", "")) > LONGEST_NAME:
        raise SessionError("E_ARG_UNKNOWN", f"--name is longer than {LONGEST_NAME} characters", arg="--name")
    return Wish(**given)


def _joined(made: Parser, words: Sequence[str]) -> list[str]:
    """A flag's value is the next word, whatever it looks like: prompts and patterns begin with dashes too.

    A flag that is the last word has an empty one, and is then missed by its own name.
    """
    valued = {
        flag for action in made._actions if action.nargs is None for flag in action.option_strings if flag[:2] == "--"
    }
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        found.append(f"{word}={next(rest, '')}" if word in valued else word)
    return found


def seconds(text: str) -> float:
    """A number of seconds that a wait can have; argparse names this function in what it says of another."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value
