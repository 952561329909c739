"""Write `docs/cli.md` from the parsers and `docs/states.md` from the table of legal moves.

`python docs/generate.py` writes them; `python docs/generate.py --check` writes nothing and ends with 1 when one is out
of date.
"""

import argparse
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from branchline.cli import COMMANDS
from branchline.model.moves import ATTEMPT_MOVES, BUSY, FINAL, RUN_MOVES, SATISFIED, SLOTTED, TASK_MOVES

HERE = Path(__file__).resolve().parent
GROUPS = {
    "plan": "Plans",
    "simulate": "Before a run",
    "run": "Runs",
    "pulse": "Unattended",
    "wish": "What you can ask of a running run",
    "look": "Looking",
    "serve": "The dashboard",
    "mask": "Masking",
    "agent": "Named agent sessions",
    "net": "The network",
    "salvage": "Saved work",
    "clean": "What is left over",
    "pieces": "Pieces for scripts and agents",
    "oc": "OpenCode servers",
    "care": "Help",
}
"""The module of `cli` a command lives in, and how this page calls it."""
SHARED = ("help", "json", "directory")
TITLE = "<!-- Written by docs/generate.py from {source}; `make docs` writes it anew. -->"


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command, as the command itself builds it."""
    made: argparse.ArgumentParser = import_module(f"branchline.cli.{COMMANDS[name][0]}").parser(name)
    return made


def cli_page() -> str:
    """The reference of the command line."""
    parts = [
        TITLE.format(source="the parsers of src/branchline/cli"),
        "# Command line",
        "`branchline` (short: `bl`). Every command takes `-h`, `--json` (exactly one JSON line on stdout, people's words "
        "on stderr) and `-C DIR` (work as if started in DIR). `branchline --version` prints the version.",
    ]
    for module, title in GROUPS.items():
        parts.append(f"## {title}")
        parts += [command_section(name) for name, (where, _) in COMMANDS.items() if where == module]
    return "\n\n".join(parts) + "\n"


def command_section(name: str) -> str:
    """One command: its usage in one line, and a row for each argument of its own."""
    parser = parser_of(name)
    actions = [a for a in parser._actions if a.dest not in SHARED]
    usage = " ".join(["branchline", name, *(usage_of(a) for a in actions)])
    lines = [f"### {name}", "", str(parser.description), "", "```", usage, "```"]
    if actions:
        lines += ["", "| argument | what it does |", "|---|---|"]
        lines += [f"| {spelled(a)} | {cell(a.help or '')} |" for a in actions]
    return "\n".join(lines)


def usage_of(action: argparse.Action) -> str:
    """An argument as the usage line shows it; independent of the terminal's width, unlike argparse's own."""
    value = value_of(action)
    if action.option_strings:
        words = " ".join([action.option_strings[-1], *([value] if value else [])])
        return f"[{words}]"
    return {None: value, "?": f"[{value}]", "*": f"[{value}...]", "+": f"{value}..."}[action.nargs]  # type: ignore[index]


def value_of(action: argparse.Action) -> str:
    """The value an argument takes; empty for a switch."""
    if action.nargs == 0:
        return ""
    word = str(action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper()))
    return f"{word}..." if action.option_strings and action.nargs == "+" else word


def spelled(action: argparse.Action) -> str:
    """An argument as its row names it."""
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    value = f"`{value_of(action)}`" if value_of(action) else ""
    return cell(" ".join(filter(None, (names, value))))


def cell(text: str) -> str:
    """Text that may stand in a cell of a table."""
    return text.replace("|", "\\|")


def states_page() -> str:
    """The state diagrams of a task, an attempt and a run."""
    parts = [
        TITLE.format(source="src/branchline/model/moves.py"),
        "# States",
        "Every move is one event, committed together with the row it changes; a move that is not drawn here raises.",
        "## A task in a run",
        diagram(TASK_MOVES, "pending"),
        "\n".join(
            [
                f"- a process of ours may be alive in: {listed(BUSY)}",
                f"- a slot is used up by: {listed(SLOTTED)}",
                f"- dependants go on after: {listed(SATISFIED)} (`skipped` is a person's word, or the plan declines the task)",
                f"- left only by a person, or `done` by a failed recheck: {listed(FINAL)}",
            ]
        ),
        "A composite task has no state of its own: it is derived from the tasks below it.",
        "## An attempt (one process under custody)",
        diagram(ATTEMPT_MOVES, "intended"),
        "## A run",
        diagram(RUN_MOVES, "running"),
    ]
    return "\n\n".join(parts) + "\n"


def diagram(table: Mapping[str, Any], first: str) -> str:
    """A table of moves as a Mermaid state diagram, in the table's own order."""
    place = {name: number for number, name in enumerate(table)}
    moves = [
        f"    {source} --> {target}" for source in table for target in sorted(table[source], key=place.__getitem__)
    ]
    ends = [f"    {source} --> [*]" for source, targets in table.items() if not targets]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *moves, *ends, "```"])


def listed(states: frozenset[str]) -> str:
    """States in the order of the table."""
    return ", ".join(f"`{state}`" for state in TASK_MOVES if state in states)


PAGES = {"cli.md": cli_page, "states.md": states_page}


def main(words: list[str]) -> int:
    """Write the pages, or only say which are out of date."""
    stale = [n for n, page in PAGES.items() if not (HERE / n).exists() or (HERE / n).read_text("utf-8") != page()]
    for name in stale:
        if "--check" in words:
            print(f"docs/{name} is out of date: run `make docs`", file=sys.stderr)
        else:
            (HERE / name).write_text(PAGES[name](), encoding="utf-8")
            print(f"docs/{name} written")
    return int(bool(stale) and "--check" in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
