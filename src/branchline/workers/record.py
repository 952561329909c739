"""The exit record: how a worker says what happened, and where it is looked for (DESIGN, section 9)."""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from branchline import files, schema
from branchline.errors import InputError
from branchline.model.run import Claim, Command, Exit, Job, Question
from branchline.patterns import late

SOURCE: Final = str(Path(__file__).resolve().parents[2])
"""Where a process of ours finds this package."""
MAX_RECORD: Final = 256 * 1024
MAX_MESSAGE: Final = 64 * 1024
MAX_TEXT: Final = 16_000
_TIMES: Final = frozenset({"timeout", "wall", "silence", "silent", "hung", "idle"})
_WISHES: Final = ("cancel", "skip", "interrupt", "stop")
_OPEN: Final = late(r" {0,3}(`{3,}+|~{3,}+)[ \t]*+([^\s`]*+)[^`]*+$")
_CLOSE: Final = late(r" {0,3}(`{3,}|~{3,})[ \t]*$")
_NOT_BLOCKED: Final = late(r"(none|no|nothing|nobody|n/?a|nil|null|false|not blocked|unblocked|-+)?\W*", re.I)
_ANSI: Final = late(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")


class Record(NamedTuple):
    """A record that was found; `source` is file, block or line."""

    claim: Claim
    source: str


def clear(job: Job) -> None:
    """Take away the answer of an earlier attempt, so that nobody reads it as this one's."""
    try:
        os.unlink(job.exit_file)  # noqa: PTH108 - for each task, and a Path is dear
    except FileNotFoundError:
        return
    except IsADirectoryError:  # no answer, and still what a worker made: it is kept, out of the way
        Path(job.exit_file).rename(Path(job.folder, "former-answer"))


def earlier(job: Job) -> Iterator[Path]:
    """Name the folders of the task's earlier attempts, the last one first (DESIGN, section 4)."""
    return (Path(job.folder).with_name(str(attempt)) for attempt in range(job.attempt - 1, 0, -1))


def environment(job: Job) -> dict[str, str]:
    """Give the worker's environment with the five reserved names set."""
    return {
        **job.env,
        "BRANCHLINE_TASK_ID": job.task,
        "BRANCHLINE_RUN_ID": job.run,
        "BRANCHLINE_ATTEMPT": str(job.attempt),
        "BRANCHLINE_PROMPT_FILE": job.prompt_file,
        "BRANCHLINE_EXIT_FILE": job.exit_file,
    }


def own_process(job: Job, module: str, *arguments: str, flags: tuple[str, ...] = ()) -> Command:
    """Start a driver of ours on an attempt's folder; -P keeps the worktree, its working directory, out of its imports."""
    argv = (sys.executable, "-P", *flags, "-m", f"branchline.workers.{module}", job.folder, *arguments)
    return Command(argv, {**environment(job), "PYTHONPATH": SOURCE}, job.prompt_file)


def find(exit_file: str, message: str) -> Record | None:
    """Look for the record in its three places, in order; an invalid one is a claim `failed` that says why.

    `message` is the worker's last message. A word found somewhere in it is never a record.
    """
    for source in ("file", "block") if message else ("file",):
        try:
            data = _from_file(exit_file) if source == "file" else _from_block(message)
            if data is not None:
                return Record(_to_claim(data)._replace(source=source), source)
        except InputError as error:
            reason = f"the exit record ({source}) is not valid: {error}"
            return Record(Claim("failed", reason, error=reason, source=source), source)
    text = _blocked_line(message)
    if text is None:
        return None
    return Record(Claim("blocked", text, Question("question", text), source="line"), "line")


def ended(exit: Exit) -> bool:
    """Say whether a process ended by itself, with exit 0, and somebody saw it."""
    return exit.code == 0 and not exit.signal and not exit.lost


def judge(job: Job, exit: Exit, message: str, bad: Claim | None = None) -> Claim | None:
    """Weigh record, cause and exit status; None when the worker ended well and left no record.

    `bad` is what the adapter itself saw go wrong; it stands in for a plain non-zero exit. A question outlives a bad
    end, for it is what a person needs to see; a `done` does not: a worker that crashed cannot vouch for its work.
    """
    stopped = _stopped(exit.cause)
    if stopped and stopped.status == "cancelled":
        return stopped
    found = find(job.exit_file, message)
    failure = stopped or bad or _failure(job, exit)
    if found is None:
        return failure
    # An explicit record makes up for a missing or cut last word, never for a crash, a refusal or an error.
    ended = exit.code == 0 and failure is not None and failure.status in {"no_output", "partial"}
    if failure and found.claim.status == "done" and not ended:
        note = f"the record says done, but {failure.error or failure.summary}"
        return failure._replace(summary=note, source=found.source, extra={**found.claim.extra, **failure.extra})
    return found.claim


def open_log(path: Path | str) -> BinaryIO:
    """Open what a worker's words went to; OSError for what it may have put there instead: a link, or a pipe nobody ends."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return os.fdopen(handle, "rb")


def tail(path: Path | str, lines: int = 20, limit: int = 16 * 1024) -> str:
    """Give the last lines of a log without terminal codes; empty when there is no log. `limit` is in bytes."""
    try:
        with open_log(path) as file:
            start = max(0, file.seek(0, os.SEEK_END) - limit)
            file.seek(start)
            data = file.read(limit)
    except OSError:
        return ""
    # Half a line could begin with a word that the whole line does not begin with.
    data = data.partition(b"\n")[2] if start else data
    text = _ANSI.sub("", data.decode("utf-8", "replace").replace("\r\n", "\n"))
    return "\n".join(line.rstrip() for line in text.strip().split("\n")[-lines:])


def message_of(path: Path | str) -> str:
    """Give the end of a log as the last message of a worker that only prints; at most MAX_MESSAGE bytes."""
    return tail(path, lines=MAX_MESSAGE, limit=MAX_MESSAGE)


def _stopped(cause: str) -> Claim | None:
    """Read why custody or dispatch ended the process; a cause that is neither time nor a person is a failure."""
    if not cause:
        return None
    if cause in _TIMES:
        return Claim("timeout", f"stopped: {cause}", error=f"stopped: {cause}", extra={"cause": cause})
    if cause.startswith(_WISHES):
        return Claim("cancelled", f"stopped: {cause}")
    return Claim("failed", cause, error=cause, extra={"cause": "stopped"})


def _failure(job: Job, exit: Exit) -> Claim | None:
    if not (exit.lost or exit.signal or exit.code):
        return None
    log = tail(f"{job.folder}/output.log")
    if exit.lost:
        return Claim("failed", "lost: nobody saw it end", error=f"lost\n{log}".strip(), extra={"cause": "lost"})
    if exit.signal:
        error = f"ended by signal {exit.signal}"
        return Claim("failed", f"crash: {error}", error=f"{error}\n{log}".strip(), extra={"cause": "crash"})
    return Claim("failed", f"exit {exit.code}", error=log or f"exit {exit.code}", extra={"cause": "exit"})


def _from_file(path: str) -> Any:
    """Read the file a worker may have written; links, special files and large ones are refused (InputError)."""
    if not os.path.lexists(path):
        return None
    # The worktree is ours; its .branchline is within the worker's reach and could be a link by now.
    return files.read_untrusted_json(Path(path), MAX_RECORD, within=Path(path).parent.parent)


def _from_block(message: str) -> Any:
    """Read the fenced block tagged `branchline` that ends the message; a block with text after it is a quotation."""
    lines = message.rstrip().split("\n")
    for start in range(len(lines) - 1, -1, -1):
        opened = _OPEN.match(lines[start])
        if opened and opened[2].lower() == "branchline":
            break
    else:
        return None
    body = lines[start + 1 :]
    for index, line in enumerate(body):
        if _closes(line, opened[1]):
            return files.load_json("\n".join(body[:index]), "block") if index == len(body) - 1 else None
    return files.load_json("\n".join(body), "block")


def _closes(line: str, fence: str) -> bool:
    closed = _CLOSE.match(line)
    return bool(closed and closed[1][0] == fence[0] and len(closed[1]) >= len(fence))


def _blocked_line(message: str) -> str | None:
    """Find the first line outside of fences that begins with `BLOCKED:`; gives it with the rest of its paragraph."""
    lines = message.split("\n")
    fence = ""
    for index, line in enumerate(lines):
        if fence:
            fence = "" if _closes(line, fence) else fence
        elif opened := _OPEN.match(line):
            fence = opened[1]
        elif line.startswith("BLOCKED:") and (text := _paragraph(line.removeprefix("BLOCKED:"), lines[index + 1 :])):
            return text
    return None


def _paragraph(first: str, rest: list[str]) -> str:
    """Join a line and the lines up to the next blank one; empty when it says that nothing is blocked."""
    if _NOT_BLOCKED.fullmatch(first.strip()) and first.strip():
        return ""
    words = [first.strip()]
    for line in rest:
        if not line.strip():
            break
        words.append(line.strip())
    text = "\n".join(words).strip()
    return "" if _NOT_BLOCKED.fullmatch(text) else text[:MAX_TEXT]


def _to_claim(data: Any) -> Claim:
    """Make a claim of a record; raises InputError naming the field.

    A blocked kind that nobody knows is asked as a question, and kept: better than to lose what the worker needs.
    """
    strange = ""
    if (
        isinstance(data, dict)
        and data.get("status") == "blocked"
        and data.get("kind") not in (None, *schema.BLOCKED_KINDS)
    ):
        strange = str(data["kind"])[:100]
        data = {**data, "kind": "question"}
    found = schema.exit_record(data)
    extra = {**found["extra"], **({"kind": strange} if strange else {})}
    text, summary = found["text"], found["summary"]
    claim = Claim(found["status"], summary, missing=tuple(found["missing"]), extra=extra)
    if claim.status == "blocked":
        asked = text or summary or "The worker did not say what it needs."
        question = Question(found["kind"], asked, tuple(found["options"]), found["default"], found["deadline"])
        return claim._replace(summary=summary or asked, question=question)
    if claim.status == "done" and text:  # a text is what research delivers
        return claim._replace(summary="\n\n".join(filter(None, (summary, text))))
    if claim.status == "failed":
        return claim._replace(error=text or summary or "the worker says that it failed")
    return claim
