"""The commands that run a plan and bring its work home."""

import argparse
from collections.abc import Callable

from branchline.cli.console import console
from branchline.cli.parser import Parser, add_run, new, show
from branchline.model.moves import LEVELS
from branchline.proc import foreground
from branchline.schedule import STRATEGIES
from branchline.workflow import run as workflow
from branchline.workflow.answer import Answer
from branchline.workflow.flags import Flags
from branchline.workflow.pulse import pulse


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    return show(CALLS[name](args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    {"execute": _execute, "pulse": _pulse, "land": add_run}[name](made)
    return made


def _common(made: Parser) -> None:
    made.add_argument("--strategy", choices=STRATEGIES, help="which ready task starts next (default: depth-first)")
    made.add_argument(
        "-j", dest="jobs", type=int, metavar="N", help="how many workers at once (default: 4; in place: 1)"
    )
    made.add_argument("--worker", help="a worker of the settings, a kind, or `shell:PROGRAM ARG...`")
    made.add_argument("--model", help="the model, as the worker names it")
    made.add_argument("--variant", help="the model's variant, as the worker names it")
    made.add_argument("--agent", help="the agent, as the worker names it")
    made.add_argument("--minimum", choices=LEVELS[::-1], help="the evidence a task needs to be done (default: gated)")
    made.add_argument("--in-place", action="store_true", help="work in the checkout itself; nothing is isolated")


def _execute(made: Parser) -> None:
    made.add_argument("plan", nargs="?", default="", help="the plan (default: that of the newest run or graph)")
    _common(made)
    made.add_argument("--only", nargs="+", metavar="ID", default=(), help="only these tasks (composites: all below)")
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


def _pulse(made: Parser) -> None:
    made.add_argument("plans", nargs="*", metavar="PLAN", help="the plans (default: those of unfinished runs)")
    _common(made)
    often = made.add_mutually_exclusive_group()
    often.add_argument("--once", action="store_true", help="one tick, then return (the default)")
    often.add_argument("--every", metavar="T", help="tick again after T (30s, 10m), until stopped")


def _flags(args: argparse.Namespace) -> Flags:
    names = Flags._fields
    return Flags(**{name: value for name, value in vars(args).items() if name in names and value is not None})


CALLS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "execute": lambda args: workflow.execute(console(args, foreground), args.plan, _flags(args)),
    "pulse": lambda args: pulse(console(args), args.plans, _flags(args), every=args.every or ""),
    "land": lambda args: workflow.land_run(console(args), args.run),
}
