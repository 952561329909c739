"""The question under the tree, and the editor behind `edit`."""

import shlex
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from branchline.errors import GraphError, UsageError
from branchline.files import read_text
from branchline.graph.carets import annotate
from branchline.graph.edit import from_yaml, to_yaml
from branchline.model.plan import DraftGraph
from branchline.review.keys import PLAIN, Dropped, Key, Line, made
from branchline.review.patch import edited
from branchline.terminal import lines, safe

_QUESTION: Final = "Proceed? [Y/n/edit] "
_EDIT: Final = ("e", "edit")
_MORE: Final = (
    "An id may follow its key at once (d 1.2); an empty answer changes nothing.\n^C leaves the graph as it was."
)


def told(old: DraftGraph, new: DraftGraph) -> str:
    """Return in lines what a change made of a draft."""
    return "\n".join([*(f"  {safe(line)}" for line in edited(old, new)), ""])


def ask(
    draft: DraftGraph,
    show: Callable[[DraftGraph], None],
    reader: Callable[[str], str],
    edit: Callable[[str], str],
    keys: Mapping[str, Key] = PLAIN,
    tell: Callable[[DraftGraph, DraftGraph], str] = told,
) -> tuple[Literal["yes", "no"], DraftGraph]:
    """Show the draft and ask `Proceed? [Y/n/edit]` until it is answered; returns the answer and the draft it is for.

    `reader` asks and returns the line with its newline (`terminal.reader`): an empty line is yes, the end of the input
    no. `edit` gets the draft's YAML and returns what the person made of it; what comes of it is shown whole. What comes of
    a key is told by `tell`, from the draft before and after. Then it is asked anew. ^C passes on.
    """
    show(draft)
    words, former = "", [draft]
    while True:
        typed = _said(reader, words + _QUESTION)
        said, draft = typed.lower(), former[-1]
        if said in ("y", "yes", "n", "no"):
            return "yes" if said[0] == "y" else "no", draft
        words = ""
        if said == "p":
            show(draft)
        elif said == "u":
            words = _undone(former, tell)
        elif said in ("?", "h", "help"):
            words = _help(keys)
        else:
            try:
                changed = _changed(draft, typed, reader, edit, keys)
            except UsageError as error:  # it could not be done: all else still can
                words = "".join(f"{line}\n" for line in lines(error.message))
                continue
            if changed is None:
                words = "Nothing was changed.\n"
                continue
            former.append(changed)
            if said in _EDIT:
                show(changed)
            else:
                words = tell(draft, changed)


def _changed(
    draft: DraftGraph,
    typed: str,
    reader: Callable[[str], str],
    edit: Callable[[str], str],
    keys: Mapping[str, Key],
) -> DraftGraph | None:
    """Return the draft as an edit or a key changed it, None when the person thought better of it."""
    letter, *more = typed.split()
    if typed.lower() in _EDIT:
        return _edited(draft, edit)
    key = keys.get(letter.lower())
    if key is None:
        raise UsageError("Please answer y, n or edit; ? lists the keys.")
    try:
        return made(key, draft, Line(more, reader))
    except Dropped:
        return None


def _undone(former: list[DraftGraph], tell: Callable[[DraftGraph, DraftGraph], str]) -> str:
    if len(former) == 1:
        return "There is nothing to undo.\n"
    last = former.pop()
    return tell(last, former[-1])


def _help(keys: Mapping[str, Key]) -> str:
    """Return what may be answered, a line each."""
    told = {
        "y": "approve the graph as it is now; also the empty line",
        "n": "not approved; it stays a draft, with your changes",
        "edit": "change anything, in your editor",
        **{letter: key.words for letter, key in keys.items()},
        "u": "undo the last change",
        "p": "show the whole page again",
    }
    return "\n".join([*(f"  {name:5} {words}" for name, words in told.items()), _MORE, ""])


def _said(reader: Callable[[str], str], question: str) -> str:
    try:
        line = reader(question)
    except EOFError:
        return "no"
    return (line.strip() or "yes") if line else "no"


def _edited(draft: DraftGraph, edit: Callable[[str], str]) -> DraftGraph | None:
    """Return the draft as edited, or None when the edit was dropped: an empty file, or one left as it was.

    Errors come back with carets under them, as comments; those comments, and no others, are taken out again.
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
        except GraphError as error:
            words = error.message.split(": ", 1)[1] if "line" in error.details else error.message  # its line is shown
            given = annotate(plain, words, error.details["spot"])
            marks = set(map(str.strip, given.split("\n"))) - set(map(str.strip, plain.split("\n")))


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
