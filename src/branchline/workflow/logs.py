"""`logs`: what a task's worker printed, masked as the settings say."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from branchline.model.run import RunRow
from branchline.sandbox.vault import Vault
from branchline.terminal.text import lines
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.look import attempt_of, opened, read_log
from branchline.workflow.project import open_project

FOLLOW: Final = 0.2
"""Seconds between two looks at a log that is followed."""
SHOWN: Final = 32 * 1024
"""Characters of the end of a log, for who looks again and again."""
READ: Final = 3 * SHOWN


def logs(console: Console, name: str, task: str, attempt: int, *, follow: bool) -> Answer:
    """What a task's worker printed; `follow` goes on until the attempt ends."""
    project = open_project(console)
    vault = Vault.of(project.state, project.settings.mask)
    run, number, folder = attempt_of(console, name, task, attempt)
    files = [folder / "output.log", folder / "events.jsonl"]
    if follow:
        _follow(console, lambda: _is_live(console, run, task, number), files, lambda text: vault.mask(text).text)
        return Answer({"task": task, "attempt": number}, "")
    text = vault.mask("".join(read_log(file) for file in files)).text
    data = {"task": task, "attempt": number, "files": [str(f) for f in files if f.exists()], "text": text}
    nothing = f"attempt {number} of {task} has printed nothing; its folder is {folder}"
    return Answer(data, _shown(text) or nothing)


def log_end(console: Console, vault: Vault, name: str, task: str) -> str:
    """The last lines of what a task's last attempt printed, masked; cheap however long the log is.

    More is masked than is shown, so that a secret of many lines is known by its beginning.
    """
    _, _, folder = attempt_of(console, name, task, 0)
    read = "".join(_end_of(folder / file) for file in ("output.log", "events.jsonl"))
    shown = vault.mask(read).text[-SHOWN:]
    return _shown(shown if len(shown) < SHOWN else shown.partition("\n")[2])


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - READ))
            read = file.read(READ)
    except OSError:
        return ""
    if size > READ:  # half a secret is none that masking knows
        read = read.partition(b"\n")[2] or read
    return read.decode("utf-8", "replace")


def _is_live(console: Console, run: RunRow, task: str, number: int) -> bool:
    with opened(console, run.run) as (store, _):
        return any(a.attempt == number and a.state != "ended" for a in store.attempts(run.run, task))


def _follow(console: Console, is_live: Callable[[], bool], files: list[Path], mask: Callable[[str], str]) -> None:
    shown = dict.fromkeys(files, 0)
    while True:
        live = is_live()
        for file in files:
            text = read_log(file)
            if live:  # what is half written now is shown, and masked, when it is whole
                text = text[: text.rfind("\n") + 1]
            shown[file] = min(shown[file], len(text))  # its beginning may have been cut
            if len(text) > shown[file]:
                console.say(_shown(mask(text[shown[file] :])))
                shown[file] = len(text)
        if not live:
            return
        console.sleep(FOLLOW)


def _shown(text: str) -> str:
    return "\n".join(lines(text.rstrip("\n"))) if text.strip() else ""
