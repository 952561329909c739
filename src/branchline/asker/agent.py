"""Any configured worker as a planner: one headless call in an empty folder, so that a subscription can plan."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from branchline import proc, sandbox, workers
from branchline.asker.talk import Question, Reply, Send, Turn, Usage, failure
from branchline.config import WorkerSettings
from branchline.files import write_new
from branchline.model.run import Claim, Exit, Job
from branchline.prompts import one_line, render
from branchline.schema import Shape
from branchline.workers import stream

ROLE: Final = "research"
"""A worker that plans edits nothing."""
_BYTES: Final = 16 << 20
_COUNTS: Final = ("input", "output", "cache_read", "cache_write")


def missing(worker: WorkerSettings, env: Mapping[str, str]) -> str:
    """What keeps a worker from being called: its program is not there; empty when it is."""
    adapter, program = workers.get(worker.kind), workers.program(worker)
    if not program or shutil.which(program, path=env.get("PATH", "")):
        return ""
    how = f"; install it: `{adapter.INSTALL}`" if program == adapter.PROGRAM else ""
    return f"its program {program!r} is not on PATH{how}"


def sender(name: str, worker: WorkerSettings, model: str, env: Mapping[str, str], timeout: float) -> Send:
    """What calls the worker once; `timeout` in seconds, after which all that it started is ended.

    It knows nothing of earlier calls, so what was said is said again; it may read, but nothing of the project is there.
    """

    def send(question: Question, shape: Shape, turns: Sequence[Turn]) -> Reply:
        import tempfile  # a tenth of the start of a command that asks nothing

        asked = {"question": question, "schema": json.dumps(shape.schema), "turns": turns}
        with tempfile.TemporaryDirectory(prefix="branchline-", ignore_cleanup_errors=True) as folder:
            job = _job(name, worker, model, env, Path(folder).resolve())
            write_new(Path(job.prompt_file), render(asked, "planner_agent.md.j2"))
            return _reply(_call(job, worker, env, timeout))

    return send


def _job(name: str, worker: WorkerSettings, model: str, env: Mapping[str, str], folder: Path) -> Job:
    home = folder / "home"
    sandbox.prepare_home(home, Path(env.get("HOME") or "/nonexistent"))
    return Job(
        run="plan",
        task="plan",
        attempt=1,
        fence=1,
        role=ROLE,
        worker=name,
        title="Plan",
        worktree=str(folder / "work"),
        folder=str(folder / "1"),
        prompt_file=str(folder / "1" / "prompt.md"),
        exit_file=str(folder / "work" / ".branchline" / "answer.json"),
        model=model,
        variant=worker.variant,
        agent=worker.agent,
        argv=worker.argv,
        trust_exit=worker.trust_exit,
        lean=worker.lean,
        read_only=True,
        env=sandbox.environment(worker, env, home),
    )


def _call(job: Job, worker: WorkerSettings, env: Mapping[str, str], timeout: float) -> Claim:
    adapter, folder = workers.get(worker.kind), Path(job.folder)
    Path(job.exit_file).parent.mkdir(parents=True)
    adapter.prepare(job, env)
    workers.write_spec(job)
    command = adapter.command(job)
    given = Path(command.stdin).read_bytes() if command.stdin else b""
    done = proc.run(command.argv, cwd=job.worktree, env=command.env, input=given, timeout=timeout, limit=_BYTES)
    if done.timed_out:
        raise failure("slow", f"it did not answer within {timeout:g} s")
    streams = (done.out, done.err) if adapter.STREAM else (b"", done.out + done.err)
    for file, data in zip(("events.jsonl", "output.log"), streams, strict=True):
        write_new(folder / file, data)
    return adapter.claim(job, Exit(done.code) if done.code >= 0 else Exit(None, -done.code))


def _reply(claim: Claim) -> Reply:
    """Read the answer from the exit record, else from the agent's last words."""
    counted = stream.count(stream.mapping(claim.extra.get("usage")), {each: each for each in _COUNTS})
    used = Usage(**counted, usd=claim.cost)
    if claim.status == "rate_limited":
        raise failure("limited", one_line(claim.summary), used=used)
    if claim.status != "done":
        raise failure("refused", f"it ended as {claim.status}: {one_line(claim.error or claim.summary)}", used=used)
    answer = claim.extra.get("answer")
    text = claim.summary if answer is None else json.dumps(answer, ensure_ascii=False)
    return Reply(text, used)
