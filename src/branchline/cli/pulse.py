"""The command that works unattended; a pulse with nothing to do imports no more than a look."""

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.errors import UsageError
from branchline.model.moves import LEVELS
from branchline.schedule import STRATEGIES
from branchline.workflow.answer import Answer
from branchline.workflow.idle import quiet

TIMERS = ("cron", "systemd", "launchd")
QUIETLY = ("plans", "once", "every", "install", "uninstall", "write", "json", "directory")
"""Arguments that are no flags of a run."""


def run(name: str, words: list[str]) -> int:
    """Run one of this module's commands."""
    args = parser(name).parse_args(words)
    if args.write and not args.install:
        raise UsageError("--write goes with --install cron|systemd|launchd")
    timed = args.install or args.uninstall
    known = None if timed or args.every else quiet(console(args), args.plans, said(args))
    return show(known or call(args), args)


def parser(name: str) -> Parser:
    """The parser of one of this module's commands."""
    made = new(name)
    made.add_argument("plans", nargs="*", metavar="PLAN", help="the plans (default: those of unfinished runs)")
    common(made, STRATEGIES)
    made.add_argument("--once", action="store_true", help="one tick, then return (the default)")
    made.add_argument(
        "--every", metavar="T", help="tick again after T (30s, 10m), until stopped; with --install: its time"
    )
    made.add_argument("--install", choices=TIMERS, help="print the unit that pulses these plans (default: each 3m)")
    made.add_argument("--write", action="store_true", help="with --install: put the unit in its place")
    made.add_argument(
        "--uninstall", nargs="?", const="all", choices=(*TIMERS, "all"), help="remove what --install --write wrote here"
    )
    return made


def common(made: Parser, strategies: Sequence[str]) -> None:
    """The flags that `execute` and `pulse` share."""
    made.add_argument("--strategy", choices=strategies, help="which ready task starts next (default: depth-first)")
    made.add_argument(
        "-j", dest="jobs", type=int, metavar="N", help="how many workers at once (default: 4; in place: 1)"
    )
    made.add_argument(
        "--optimise", metavar="S", help="critical-path: search so long for a better order (default: 0.2s; 0: not)"
    )
    made.add_argument("--worker", help="a worker of the settings, a kind, or `shell:PROGRAM ARG...`")
    made.add_argument("--model", help="the model, as the worker names it")
    made.add_argument("--variant", help="the model's variant, as the worker names it")
    made.add_argument("--agent", help="the agent, as the worker names it")
    made.add_argument("--minimum", choices=LEVELS[::-1], help="the evidence a task needs to be done (default: gated)")
    made.add_argument(
        "--budget", metavar="B", help="the most a run may spend: 5usd, 2Mtok, 500ktok, 5usd,2Mtok or none"
    )
    made.add_argument("--task-budget", metavar="B", help="the most that one task of it may spend")
    made.add_argument("--in-place", action="store_true", help="work in the checkout itself; nothing is isolated")


def said(args: argparse.Namespace) -> str:
    """The flags of a run that were given, as one text."""
    return repr(sorted((name, value) for name, value in vars(args).items() if value and name not in QUIETLY))


def call(args: argparse.Namespace) -> Answer:
    """The whole pulse, or the timer that starts it; what that takes is imported here, by the table of commands."""
    flags: Any = import_module("branchline.cli.run").flags_of(args)
    if args.install or args.uninstall:
        timer = import_module("branchline.workflow.timer")
        if args.uninstall:
            return Answer(*timer.uninstall(console(args), args.uninstall))
        found = timer.install(console(args), args.install, args.plans, flags, every=args.every or "", write=args.write)
        return Answer(*found)
    pulse = import_module("branchline.workflow.pulse").pulse
    return Answer(*pulse(console(args), args.plans, flags, said(args), every="" if args.once else args.every or ""))
