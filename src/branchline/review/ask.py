"""The question under the tree, and the editor behind `edit`."""

import re
import shlex
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from branchline.errors import UsageError
from branchline.files import read_text
from branchline.graph.edit import from_yaml, line_of, to_yaml
from branchline.model.plan import DraftGraph
from branchline.terminal import lines

_FAULT: Final = "# ERROR: "
_PLACE: Final = re.compile(r":(?P<line>[0-9]{1,9}): |\btask (?P<task>[A-Za-z0-9][A-Za-z0-9._-]*)\b")
_QUESTION: Final = "Proceed? [Y/n/edit] "


def ask(
    draft: DraftGraph, show: Callable[[DraftGraph], None], reader: Callable[[str], str], edit: Callable[[str], str]
) -> tuple[Literal["yes", "no"], DraftGraph]:
    """Show the draft and ask `Proceed? [Y/n/edit]` until it is answered; returns the answer and the draft it is for.

    `reader` asks and returns the line with its newline (`terminal.reader`): an empty line is yes, the end of the input
    no. `edit` gets the draft's YAML and returns what the person made of it; what comes of it is shown and asked anew.
    """
    show(draft)
    words = ""
    while True:
        said = _said(reader, words + _QUESTION)
        if said in ("y", "yes"):
            return "yes", draft
        if said in ("n", "no"):
            return "no", draft
        if said not in ("e", "edit"):
            words = "Please answer y, n or edit.\n"
            continue
        try:
            edited = _edited(draft, edit)
        except UsageError as error:  # the editor could not be used: yes and no still can
            words = f"{error.message}\n"
            continue
        words = "Nothing was changed.\n" if edited is None else ""
        if edited is not None:
            draft = edited
            show(draft)


def _said(reader: Callable[[str], str], question: str) -> str:
    try:
        line = reader(question)
    except EOFError:
        return "no"
    return (line.strip().lower() or "yes") if line else "no"


def _edited(draft: DraftGraph, edit: Callable[[str], str]) -> DraftGraph | None:
    """Return the draft as edited, or None when the edit was dropped: an empty file, or one left as it was.

    Errors come back as comments above their lines; those comments, and no others, are taken out again.
    """
    given = to_yaml(draft)
    marks: set[str] = set()
    while True:
        text = edit(given)
        plain = _without(text, marks)
        if not _has_content(plain) or plain == _without(given, marks):
            return None
        try:
            return from_yaml(plain, draft)
        except UsageError as error:
            given = _marked(plain, _faults(error, plain))
            marks = set(map(str.strip, given.split("\n"))) - set(map(str.strip, plain.split("\n")))


def _faults(error: UsageError, text: str) -> dict[int, str]:
    """Return what is wrong by line; a fault without a line is looked for by the line or the task its words name."""
    errors = dict(error.details.get("errors") or {1: error.message})
    if set(errors) == {1}:
        named = _PLACE.search(error.message)
        ends = error.details.get("edge") or ()
        places = [int(named["line"])] if named and named["line"] else []
        ids = [error.details.get("task"), *reversed(ends), named and named["task"]]
        places += [line for each in ids if isinstance(each, str) and (line := line_of(text, each))]
        return {(places or [1])[0]: errors[1]}
    return errors


def _marked(text: str, errors: Mapping[int, str]) -> str:
    """Return the text with each fault as a comment above its line; faults of no line stand on top."""
    body = text.split("\n")
    above: dict[int, list[str]] = {}
    for line, words in errors.items():
        above.setdefault(line if 1 <= line <= len(body) else 1, []).extend(lines(words))
    shown: list[str] = []
    for number, line_text in enumerate(body, 1):
        indent = line_text[: len(line_text) - len(line_text.lstrip(" "))]
        shown += [*(f"{indent}{_FAULT}{words}" for words in above.get(number, ())), line_text]
    return "\n".join(shown)


def _has_content(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n"))


def _without(text: str, marks: Container[str]) -> str:
    return "\n".join(line for line in text.replace("\r\n", "\n").split("\n") if line.strip() not in marks)


def editor(env: Mapping[str, str], path: Path, run: Callable[[Sequence[str]], int]) -> None:
    """Let the person edit the file with $VISUAL or $EDITOR; `run` starts it and returns its exit status.

    Raises UsageError when none is set, it cannot be found, or it ends with an error.
    """
    name = next((key for key in ("VISUAL", "EDITOR") if env.get(key, "").strip()), "")
    if not name:
        raise UsageError('No editor is set: set VISUAL or EDITOR, for example EDITOR="nano", or edit the plan itself.')
    try:
        argv = shlex.split(env[name])
    except ValueError as error:
        raise UsageError(f"{name}={env[name]!r} cannot be read as a command: {error}; correct its quotes.") from error
    try:
        status = run([*argv, str(path)])
    except OSError as error:
        raise UsageError(
            f"{name}={env[name]!r} cannot be started: {error.strerror or error}; set {name} to an editor you have."
        ) from error
    if status:
        raise UsageError(f"The editor ended with status {status}, so nothing was changed; the text is in {path}.")


def editing(env: Mapping[str, str], path: Path, run: Callable[[Sequence[str]], int]) -> Callable[[str], str]:
    """Return the `edit` of `ask`: it writes the text to `path`, lets the person edit it, and reads it again."""

    def edit(text: str) -> str:
        path.write_text(text, encoding="utf-8")
        editor(env, path, run)
        return read_text(path)

    return edit
