"""Running the checks of a task: `sh -c` in its own session, the output in a file, the exit status as it was."""

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from branchline.errors import GitError
from branchline.proc.run import run
from branchline.workspace.globs import matching
from branchline.workspace.spec import Spec
from branchline.workspace.unmask import conceal, values_of

TIMED_OUT: Final = 124
"""The exit status of a check that took too long, as timeout(1) gives it."""
_LIMIT: Final = 64 * 1024
_TAIL: Final = 4000
"""Bytes of a failed check's output that go into the answer."""
_LAST: Final = 400
"""Bytes of the output of one that passed."""
# The outer shell only opens the log, so that a check's output goes to the disk and never through our memory.
_INTO_LOG: Final = 'exec >"$1" 2>&1 </dev/null; [ "$2" = 0 ] || ulimit -f "$2"; shift 2; exec "$@"'
_BLOCKS: Final = 2048
"""Blocks of the shell's `ulimit -f` in one MB."""


def run_checks(
    spec: Spec,
    where: Path,
    commit: str,
    prefix: str = "",
    between: Callable[[], None] = lambda: None,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[dict[str, Any]]:
    """Run a spec's checks in order until one fails and return what was found, shaped like model.CheckResult.

    `commit` is what they run on; `between` puts the tree back before each but the first. One that fails, other than by
    its time limit, is run once more: when it passes then it is `flaky`, and `first` holds the failure. With `before`, the
    failures of a run before this one by their commands, nothing is run twice: this is the second time. Logs are
    `checks/<prefix><n>.log` in the job's folder (that of a first failure `<n>-first.log`); `log` is that path relative to
    the root. `tail` is the end of what it said. A signal's exit status is 128 plus its number.
    """
    rows: list[dict[str, Any]] = []
    for number, check in enumerate(spec.checks, 1):
        log = Path(spec.folder, "checks", f"{prefix}{number}.log")
        first = (before or {}).get(str(check["run"]))
        if rows:
            between()
        row = _again(spec, check, where, log, clock, first) if first else _found(spec, check, where, log, clock)
        if row["exit"] and not row["timed_out"] and before is None:
            between()
            row = _again(spec, check, where, log, clock, row)
        rows.append(row | {"commit": commit})
        if row["exit"]:
            break
    return rows


def with_globs(spec: Spec, files: Sequence[str]) -> Spec:
    """Return the spec with the checks that `by_glob` asks for: each command with those of the files that it means.

    `files` are what was changed and is there still, relative to where the checks run.
    """
    asked = [
        {
            "run": f"{command} {' '.join(shlex.quote(_operand(name)) for name in touched)}",
            "source": f"gate.by_glob: {glob}",
        }
        for glob, commands in spec.by_glob.items()
        if (touched := matching(files, [glob]))
        for command in commands
    ]
    return spec._replace(checks=(*spec.checks, *asked))


def _operand(name: str) -> str:
    """A name that no program takes for an option."""
    return f"./{name}" if name.startswith("-") else name


def _again(
    spec: Spec,
    check: Mapping[str, Any],
    where: Path,
    log: Path,
    clock: Callable[[], float],
    first: Mapping[str, Any],
) -> dict[str, Any]:
    kept = log.with_name(f"{log.stem}-first.log")
    if log.is_file():
        log.replace(kept)
    row = _found(spec, check, where, log, clock)
    told = {key: first[key] for key in ("exit", "seconds", "log_digest", "tail")}
    return row | {"flaky": row["exit"] == 0, "first": told | {"log": os.path.relpath(kept, spec.root)}}


def _found(spec: Spec, check: Mapping[str, Any], where: Path, log: Path, clock: Callable[[], float]) -> dict[str, Any]:
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    began = clock()
    code, timed_out = _run(spec, str(check["run"]), where, log)
    conceal(log, values_of(spec))
    row = {"command": check["run"], "source": check.get("source", ""), "exit": code, "timed_out": timed_out}
    row |= {"seconds": round(clock() - began, 3), "log": os.path.relpath(log, spec.root), "log_digest": digest_of(log)}
    return row | {"tail": _tail(log, _TAIL if code else _LAST)}


def passed(rows: list[dict[str, Any]]) -> bool:
    """Say whether every check that ran passed; none at all is no failure."""
    return all(row["exit"] == 0 for row in rows)


def _run(spec: Spec, command: str, where: Path, log: Path) -> tuple[int, bool]:
    cap = str(spec.output_limit * _BLOCKS)
    argv = ["/bin/sh", "-c", _INTO_LOG, "sh", str(log), cap, *spec.wrap, "/bin/sh", "-c", command]
    try:
        done = run(argv, cwd=where, env=dict(spec.env), timeout=spec.check_timeout, limit=_LIMIT)
    except ValueError as error:
        raise GitError(f"the check {command!r} cannot be run: {error}") from error
    if not log.is_file():
        # It never began; what custody says about that is all there is to read.
        log.write_bytes(done.err)
    if done.timed_out:
        return TIMED_OUT, True
    return (128 - done.code if done.code < 0 else done.code), False


def _tail(log: Path, most: int) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - most))
        return stream.read().decode("utf-8", "replace")


def digest_of(log: Path) -> str:
    """Return the digest of a log, "" where there is none."""
    from hashlib import file_digest  # it loads OpenSSL, which only a job with checks needs

    if not log.is_file():
        return ""
    with log.open("rb") as stream:
        return "sha256:" + file_digest(stream, "sha256").hexdigest()
