"""Answers that are known, each in a durable file of `.branchline/answers`: an unchanged plan asks nothing."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from branchline.errors import BranchlineError, InputError
from branchline.files import canonical, read_untrusted_json, state_folder, write_durable

MAX_ANSWER = 256 * 1024


class Answers:
    """The answers known in a checkout; without `write` none is added."""

    def __init__(self, root: Path, *, write: bool = True) -> None:
        self._root, self._write = root, write

    def get(self, key: str) -> Any:
        """The answer kept under a digest; None when there is none, or none that can be read."""
        try:
            return read_untrusted_json(self._path(key), MAX_ANSWER, within=self._root)
        except (InputError, ValueError):  # it is asked for again, and what is wrong there is written over
            return None

    def put(self, key: str, answer: Any) -> None:
        """Keep an answer durably; one that cannot be kept is not lost, only asked for again the next time."""
        if not self._write:
            return
        path = self._path(key)
        with suppress(BranchlineError, OSError):
            state_folder(self._root)
            if path.parent.is_symlink():
                return  # a repository could point it anywhere
            path.parent.mkdir(exist_ok=True)
            write_durable(path, canonical(answer) + "\n")

    def _path(self, key: str) -> Path:
        return self._root / ".branchline" / "answers" / f"{key.rpartition(':')[2]}.json"
