"""flags in, one workflow call, text or exactly one JSON line out, exit status; only the named command's parser is built"""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from branchline import __version__
from branchline.cli.out import flush, open_streams, put
from branchline.errors import BranchlineError, InterruptedRunError, UsageError

COMMANDS: dict[str, tuple[str, str]] = {
    "decompose": ("plan", "read a plan and store its reviewed graph of tasks"),
    "review": ("plan", "show a stored graph, edit it, approve it"),
    "approve": ("plan", "approve a graph by its digest"),
    "explain": ("plan", "say what a line of a plan became, and by which rule"),
    "simulate": ("simulate", "play a plan on a virtual clock: how long it takes under each strategy"),
    "convert": ("plan", "write a plan or a graph in another format"),
    "mask": ("mask", "take personal data and secrets out of a text, for placeholders that lead back"),
    "has-subtasks": ("plan", "say whether a task of a TODO.md has subtasks: true or false"),
    "execute": ("run", "run the tasks of an approved plan with agents in worktrees"),
    "pulse": ("pulse", "the same unattended, one tick at a time"),
    "answer": ("wish", "answer a worker's question"),
    "accept": ("wish", "accept held work, or a held task, as it is"),
    "retry": ("wish", "send a failed, held or cancelled task back to the start"),
    "cancel": ("wish", "stop a task; its work is kept"),
    "skip": ("wish", "go on without a task"),
    "take-over": ("run", "work on a task yourself: its agent's own program, on its session, in its worktree"),
    "land": ("run", "bring the merged work to your branch"),
    "status": ("look", "what every task of the newest run is doing"),
    "why": ("look", "why a task is where it is"),
    "inbox": ("look", "the questions that wait for you"),
    "logs": ("look", "what a task's worker printed"),
    "prompt": ("look", "the exact text a task's worker got"),
    "evidence": ("look", "the checks behind a task that is done"),
    "report": ("look", "what was done, what was not, and why"),
    "budget": ("look", "what was spent, by day, model, role and task, and how fast"),
    "serve": ("serve", "show it all in a browser of this machine: the dashboard"),
    "net": ("net", "say where a host belongs, whether it may be asked, and what was asked"),
    "salvage": ("salvage", "list, show, bring back or save the work that was not merged"),
    "clean": ("clean", "remove the worktrees of tasks that are over, where all is merged or saved"),
    "classify": ("pieces", "say whether a task is one piece of work or enumerates several"),
    "lineage": ("pieces", "the block that shows a task its place among ancestors and siblings"),
    "format-lineage": ("pieces", "the same as lineage"),
    "validate": ("pieces", "check a JSON list of tasks, a graph or a plan: circles, unknown and doubled ids"),
    "order": ("pieces", "all batches of a JSON list of tasks, a plan or a graph"),
    "next-batch": ("pieces", "the tasks to start now, of a JSON list of tasks, a plan or a graph"),
    "agent": ("agent", "named agent sessions in the background: run, status, result, search, cancel, list, shims"),
    "oc": ("oc", "look after OpenCode servers: their health, sessions, prompts, permissions and questions"),
    "doctor": ("care", "what stands in the way of a run here, each with its fix"),
    "demo": ("care", "run the bundled plan in a throw-away repository"),
    "selftest": ("care", "prove the promises on this machine: kills, full disks, cut logs"),
    "completion": ("care", "print the completion script of a shell"),
}
"""Every command: the module of this room that holds its parser, and its one line of help."""

ALWAYS_JSON = ("agent",)
"""Commands that print the one JSON line without being asked to (DESIGN, section 6)."""

HELP_FLAGS = ("-h", "--help", "help")


COLLECT_EVERY = 200_000
"""New objects between two looks for cycles: rows and graphs make none, and looking at them is a sixth of `status`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status (DESIGN, section 6); without `argv`, that of this process, which ends.

    It ends without taking down what it holds: to free a large run takes longer than to show it.
    """
    if argv is not None:
        return _command(list(argv))
    gc.set_threshold(COLLECT_EVERY)
    open_streams()
    status = _command(sys.argv[1:])
    flush()
    os._exit(status)


def _command(words: list[str]) -> int:
    if not words or words[0] in HELP_FLAGS:
        put(overview(), sys.stdout if words else sys.stderr)
        return 0 if words else 2
    if words[0] in ("--version", "-V"):
        put(f"branchline {__version__}", sys.stdout)
        return 0
    return _guarded(words)


def overview() -> str:
    """The text of `branchline --help`: one line a command, made without building a parser."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{words}" for name, (_, words) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: branchline COMMAND [...]          (short: bl)",
            "",
            "From a written plan to checked, merged work by coding agents:",
            "  branchline decompose plans/x.md, then branchline execute",
            "",
            *lines,
            "",
            "branchline COMMAND --help says more; every command takes --json; --version prints the version.",
        ]
    )


def _guarded(words: list[str]) -> int:
    """The one place where errors become words and exit statuses."""
    as_json = "--json" in words or words[0] in ALWAYS_JSON
    try:
        return _run(words)
    except BranchlineError as error:
        return _failure().fail(error, as_json)  # type: ignore[no-any-return]
    except KeyboardInterrupt:
        return _failure().fail(InterruptedRunError("interrupted"), as_json)  # type: ignore[no-any-return]
    except SystemExit as end:  # argparse, after --help
        return int(end.code or 0)
    except Exception as error:  # noqa: BLE001 - the door: whatever nobody foresaw becomes a report, not a traceback
        failure = _failure()
        return failure.fail(failure.crash(error, words), as_json)  # type: ignore[no-any-return]


def _failure() -> Any:
    """The words for errors are imported when there is one."""
    return import_module("branchline.cli.failure")


def _run(words: list[str]) -> int:
    name = words[0]
    if name not in COMMANDS:
        raise _unknown(name)
    module = import_module(f"branchline.cli.{COMMANDS[name][0]}")
    return int(module.run(name, words[1:]))


def _unknown(name: str) -> BranchlineError:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f" (did you mean `{near[0]}`?)" if near else " (flags stand behind the command)" if name[:1] == "-" else ""
    return UsageError(f"there is no command {name!r}{hint}; `branchline --help` lists them all", command=name)
