"""What the page shows and asks: the workflow's own calls, every text masked and escaped."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from branchline.config import ServeSettings
from branchline.errors import BranchlineError, InputError, NotFoundError, UsageError
from branchline.files import load_json
from branchline.model.moves import SATISFIED
from branchline.sandbox.vault import Vault
from branchline.serve.wall import VERBS
from branchline.terminal.text import lines
from branchline.workflow import look, wish
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.logs import SHOWN, log_end

RUNS: Final = 50
"""How many runs can be chosen from; `--run` of the command line knows the others."""
IDS: Final = frozenset({"id", "task", "run", "parent", "waits"})
"""Keys of names that the page sends back: legal ones hold nothing to mask, and must stay as they are."""
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "answer": {"text": "", "option": None},
    "retry": {"worker": "", "model": "", "note": "", "resume": False},
    "cancel": {"all": False},
}
"""What a wish may say beside task and run, and what it means when it does not."""
KNOWN: Final = 50_000
"""How many judged texts are kept: a page asks for the same ones each time."""


class Desk:
    """One repository at a time, one caller at a time: the calls were made for processes of their own."""

    def __init__(
        self, console: Console, vault: Vault, limits: ServeSettings, ask: Callable[..., Answer] = wish.ask
    ) -> None:
        self.limits = limits
        self._ask = ask
        self._console = console
        self._vault = vault
        self._turn = Lock()
        self._judged = lru_cache(KNOWN)(lambda text, _size: "\n".join(lines(self._masked(text))))

    def state(self, run: str) -> dict[str, Any]:
        """The runs, how one of them stands (the newest when none is named) and what waits for a person."""
        with self._turn:
            runs, status, questions = look.runs(self._console, RUNS), None, []
            if runs or run:
                status = look.status_of(self._console, run)
                status |= self._cut(status["tasks"])
                questions = look.inbox(self._console, run).data["questions"]
            return self._shown({"ok": True, "runs": runs, "status": status, "inbox": questions})

    def _cut(self, tasks: list[dict[str, Any]]) -> dict[str, Any]:
        """Of a run that is too large for a page the tasks that are not over, and how many are left out."""
        most, kept = self.limits.tasks, tasks
        if len(tasks) > most:
            kept = [task for task in tasks if task["state"] not in SATISFIED][:most]
        return {"tasks": kept, "left_out": len(tasks) - len(kept)}

    def task(self, run: str, task: str) -> dict[str, Any]:
        """Why a task is where it is, the evidence, its prompt and the end of its log, in words."""
        with self._turn:
            found = {
                "why": look.why(self._console, run, task).text,
                "evidence": look.evidence(self._console, run, task).text,
                "prompt": "",
                "log": "",
            }
            with suppress(NotFoundError, UsageError):  # a composite, or nothing was started yet
                found["prompt"] = look.prompt(self._console, run, task, 0).text[:SHOWN]
                found["log"] = log_end(self._console, self._vault, run, task)
            return self._shown({"ok": True, "task": task, **found})

    def ask(self, verb: str, body: bytes) -> dict[str, Any]:
        """Leave a wish, as the command of that name does; raises InputError for a body that is none, else as `wish.ask`."""
        wanted, said = VERBS[verb], _read(body)
        data = dict(FIELDS.get(wanted, {}))
        known = {"task": "", "run": "", **data}
        for name, value in said.items():
            if name not in known:
                raise InputError(f"{verb}: {name!r} is not known; known are {', '.join(known)}")
            if type(value) is not (int if known[name] is None else type(known[name])):
                raise InputError(f"{verb}: {name} is of the wrong kind")
            data |= {name: value} if name in data else {}
        with self._turn:
            answer = self._ask(self._console, wanted, said.get("task", ""), said.get("run", ""), data)
        return self._shown({**answer.as_json(), "text": answer.text})

    def failed(self, error: BranchlineError) -> dict[str, Any]:
        """An error as the house tells it; a message may quote a plan, a path or a worker."""
        try:
            return self._shown({"ok": False, "code": error.code, "error": error.message})
        except BranchlineError as unread:  # what was masked so far is not known: that is told, and nothing else
            return {"ok": False, "code": unread.code, "error": "\n".join(lines(unread.message))}

    def version(self) -> str:
        """What changes when anything was recorded, at the price of two looks at a file."""
        found = []
        for name in ("state.db", "state.db-wal"):
            with suppress(OSError):
                status = os.stat(self._console.state / name)  # noqa: PTH116 - asked twice a second for each page
                found.append(f"{status.st_mtime_ns}.{status.st_size}")
        return "-".join(found) or "nothing"

    def _masked(self, text: str) -> str:
        try:
            return self._vault.mask(text).text
        except BranchlineError:  # there is no folder yet, or no room: what cannot be kept is masked all the same
            return self._vault.preview(text)

    def _shown(self, value: dict[str, Any]) -> dict[str, Any]:
        size = len(self._vault.values())
        found: dict[str, Any] = _mapped(value, lambda text: self._judged(text, size))
        return found


def _mapped(value: Any, shown: Callable[[str], str]) -> Any:
    """A value with each of its texts as it may be shown."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {
            shown(str(key)): _mapped(each, (lambda text: "\n".join(lines(text))) if key in IDS else shown)
            for key, each in value.items()
        }
    return [_mapped(each, shown) for each in value] if isinstance(value, list | tuple) else value


def _read(body: bytes) -> dict[str, Any]:
    try:
        said = load_json(body.decode("utf-8"), "request")
    except UnicodeDecodeError:
        raise InputError("request: not UTF-8") from None
    if not isinstance(said, dict):
        raise InputError("request: not an object of JSON")
    return said
