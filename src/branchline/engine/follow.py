"""What comes next: the policy of the engine, as events that follow at once."""

import re
from collections.abc import Mapping
from typing import Any

from branchline.engine import lanes
from branchline.engine.proposal import prerequisite, split
from branchline.engine.state import Command, Emit, State
from branchline.model.moves import LEVELS
from branchline.model.run import MERGED, STEERING, AttemptRow, Event, QuestionRow, TaskRow

LOST = "lost"
"""The error of a claim that nobody could make, for custody itself was killed: it says nothing about the work."""
BROKE = "budget: "
"""How the reason begins of a worker that is stopped, or of a task that waits, for the budget."""
PROOF = ("checks", "commit", "tree", "files", "diffstat", "out_of_scope")
"""What is kept of a failed check's result beside its failure: the evidence, and nothing that would move the task."""
_VARIES = re.compile(r"0x[0-9a-f]+|[0-9a-f]{7,40}|\d+(\.\d+)?|/\S+", re.IGNORECASE)


def fingerprint(cause: str, error: str) -> str:
    """The same for the same failure: numbers, hashes and paths are left out (DESIGN, section 9)."""
    import hashlib  # it loads OpenSSL, which only a run with a failure needs

    text = _VARIES.sub("#", f"{cause}: {error}"[-4000:].lower())
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def event_for(
    event: Event, kind: str, row: TaskRow, cause: str, data: Mapping[str, Any] | None = None, fence: int | None = None
) -> Event:
    """A following event about `row`, at the moment of `event`."""
    return Event(event.at, event.run, kind, cause, row.task, row.attempt or None, fence, data or {})


def open_job(state: State, row: TaskRow, purpose: str, event: Event) -> list[Command]:
    """The next process of this dispatch, with a number that was never used before."""
    model = state.policy.routing.model_of(row) if purpose == "work" else ""
    data = {"purpose": purpose, **({"model": model} if model else {})}
    return [Emit(event_for(event, "intended", row, f"{purpose} of attempt {row.attempt}", data, state.next_fence))]


def after_dispatch(state: State, row: TaskRow, event: Event) -> list[Command]:
    """A worktree first, where work is isolated."""
    return open_job(state, row, "setup" if state.policy.isolated else "work", event)


def after_start(state: State, attempt: AttemptRow, event: Event) -> list[Command]:
    """Only the start of the worker itself makes a task `running`."""
    row = state.tasks[attempt.task]
    if attempt.purpose == "work" and row.state == "dispatching":
        return [Emit(event_for(event, "running", row, f"attempt {attempt.attempt} started"))]
    return []


def after_attempt(state: State, attempt: AttemptRow, event: Event) -> list[Command]:
    """A process has ended: its claim or result decides."""
    row, data = state.tasks[attempt.task], event.data
    if attempt.purpose == "work":
        commands: list[Command] = []
        if row.state == "dispatching":
            commands.append(Emit(event_for(event, "running", row, f"attempt {attempt.attempt} started")))
        claim = data["claim"]
        cause = attempt.cause or claim.get("summary") or claim["status"]
        return [*commands, Emit(event_for(event, "claimed", row, cause, claim))]
    result = data["result"]
    if attempt.purpose == "merge":
        return _after_train(state, attempt, event, {row.task: result, **data.get("also", {})})
    if attempt.cause == "cancelled":
        return [Emit(event_for(event, "cancelled", row, "cancelled by a person"))]
    if attempt.cause == "interrupted" and state.draining:
        return []  # `outstanding` opens it again when somebody goes on with the run
    if data.get("lost") or attempt.cause == "interrupted":
        return open_job(state, row, attempt.purpose, event)  # such a job ends in the same place, however often it runs
    return {"setup": _after_setup, "check": after_check}[attempt.purpose](state, row, event, result)


def _after_setup(state: State, row: TaskRow, event: Event, result: Mapping[str, Any]) -> list[Command]:
    if result.get("ok"):
        return open_job(state, row, "work", event)
    error = result.get("error") or ""
    return _failure(state, row, event, _in_words("worktree set-up failed", error), error, wait=state.policy.crash_wait)


def after_claim(state: State, row: TaskRow, event: Event) -> list[Command]:
    """A claim is only a claim: `done` goes to the checks, a question to the inbox, a failure to the retry rule."""
    what = lanes.trouble(event.data)
    if what:
        return lanes.after_trouble(state, row, event, what)
    return [*lanes.after_answer_of(state, row, event), *_after_answered(state, row, event)]


def _after_answered(state: State, row: TaskRow, event: Event) -> list[Command]:
    claim, status = event.data, event.data["status"]
    if status == "done":
        known = {"checkless": True} if claim.get("checkless") else None
        return [Emit(event_for(event, "checking", row, "the worker says done", known))]
    if status in ("blocked", "permission"):
        question = claim.get("question") or {
            "kind": "permission",
            "text": claim.get("error") or "a permission was refused",
        }
        if question["kind"] == "missing_dependency":
            question = prerequisite(state, row, question)
        asks = f"{question['kind']}: {' '.join(question['text'].split())}"  # a cause is told on one line
        return [Emit(event_for(event, "blocked", row, asks, {"question": question}))]
    if status == "cancelled":
        return _after_stop(row, event)
    error = claim.get("error") or claim.get("summary") or ""
    if status == "partial":
        missing = ", ".join(claim.get("missing") or ()) or "see the summary"
        full = (claim.get("extra") or {}).get("cause") == "context"
        if full:
            missing += f"; it is too much for one worker: `branchline decompose PLAN --split {row.task}` breaks it down"
        cause = f"partial: missing {missing}"
        commands = _failure(state, row, event, cause, error, wait=0.0, resume=True, afresh=full)
        proposed = split(state, row, claim.get("missing") or ()) if full and _is_end(commands) else None
        asked = {"question": proposed, "session": ""}
        return [Emit(event_for(event, "blocked", row, cause, asked))] if proposed else commands
    wait = lanes.backoff(state, row.tries, claim) if status == "timeout" else state.policy.crash_wait
    said = claim.get("summary") or error
    resume = state.policy.on_hung == "resume" and said.startswith("timeout: silent")
    return _failure(state, row, event, _in_words(status, said), error, wait=wait, resume=resume)


def _in_words(status: str, said: str) -> str:
    """A claim that is no success as a reason: its kind, and the first line of what was said about it."""
    kind = {"no_output": "no output"}.get(status, status)
    first = said.strip().split("\n", 1)[0][:200]
    return first if first.startswith(kind) else f"{kind}: {first}" if first else kind


def _after_stop(row: TaskRow, event: Event) -> list[Command]:
    """Ended on a person's word: ^C gives the task back, a cancel is final; for the budget it waits until that is raised."""
    if event.cause.startswith(BROKE):
        return [Emit(event_for(event, "paused", row, event.cause, {"resume": 1, "free": True}))]
    if event.cause.startswith("interrupted"):
        return [_again(event, row, event.cause, event.at, resume=event.cause.endswith("resume"), free=True)]
    return [Emit(event_for(event, "cancelled", row, "cancelled by a person"))]


def after_check(state: State, row: TaskRow, event: Event, result: Mapping[str, Any]) -> list[Command]:
    """A verdict on the work in its place: merge it, ask a person, or try again."""
    if not result.get("ok"):
        if result.get("conflict"):  # the merge that the worker was to finish
            return _after_conflict(row, event, result)
        cause = result.get("cause") or "check failed"
        return _failure(state, row, event, cause, result.get("error") or "", wait=0.0, resume=True, proof=result)
    needs_person = result.get("needs_person")
    if needs_person and not row.accepted:
        steers = str(needs_person).startswith(STEERING)
        kind = "injection" if steers else "frozen_check" if result.get("frozen") else "approval"
        return [_hold(event, row, kind, str(needs_person), result)]
    if LEVELS.index(result["level"]) < LEVELS.index(state.policy.minimum) and not row.accepted:
        because = f" ({result['cause']})" if result.get("cause") else ""
        text = f"its evidence is {result['level']}{because}, and {state.policy.minimum} is the least that is taken"
        return [_hold(event, row, "unchecked", text, result)]
    return [Emit(event_for(event, "merging", row, "checks passed" if result["checks"] else "nothing to check", result))]


def _hold(event: Event, row: TaskRow, kind: str, text: str, result: Mapping[str, Any]) -> Emit:
    question = {"kind": kind, "text": text, "options": ["accept", "retry", "cancel"]}
    return Emit(event_for(event, "held", row, text, {**result, "question": question}))


def _after_train(
    state: State, attempt: AttemptRow, event: Event, results: Mapping[str, Mapping[str, Any]]
) -> list[Command]:
    """What a merge has found of each task in it; those of which it has found nothing are merged again.

    What is on the tip is done, whoever wished otherwise meanwhile.
    """
    rows = [state.tasks[attempt.task], *state.train(attempt)]
    found, unwanted = {task: result for task, result in results.items() if result.get("ok")}, []
    if attempt.cause == "cancelled":
        unwanted = [row for row in rows if row.reason == "cancelled" and row.task not in found]
    elif not (event.data.get("lost") or attempt.cause == "interrupted"):
        found = dict(results)
    arrived = [row for row in rows if row.task in found]
    if not (arrived or unwanted):  # `outstanding` opens it again when somebody goes on with the run
        return [] if state.draining and attempt.cause == "interrupted" else next_merge(state, event)
    state.arriving = {row.task for row in (*arrived, *unwanted)}
    gone = [Emit(event_for(event, "cancelled", row, "cancelled by a person")) for row in unwanted]
    return [*gone, *(command for row in arrived for command in _after_merge(state, row, event, found[row.task]))]


def _after_merge(state: State, row: TaskRow, event: Event, result: Mapping[str, Any]) -> list[Command]:
    if result.get("ok"):
        return [Emit(event_for(event, "done", row, MERGED, result))]
    if result.get("conflict"):
        return _after_conflict(row, event, result)
    error = result.get("error") or ""
    cause = result.get("cause") or _in_words("merge failed", error)
    return _failure(state, row, event, cause, error, wait=0.0, proof=result)


def _after_conflict(row: TaskRow, event: Event, result: Mapping[str, Any]) -> list[Command]:
    """First the same session, with both sides in its worktree; then a fresh one on what is there now; then a person."""
    files = ", ".join(result["conflict"]["files"])
    once, twice = fingerprint("conflict", files), fingerprint("conflict, afresh", files)
    with_whom = "".join(f"; {other['task']} changed it too: {other['subject']}" for other in _others(result))
    if row.fingerprint not in (once, twice):
        cause = f"conflict in {files}{with_whom}; both sides are in the worktree, as git left them"
        return [_again(event, row, cause, event.at, free=True, resume=True, print_=once)]
    if row.fingerprint == once:
        return [_again(event, row, f"conflict in {files}{with_whom}", event.at, free=True, print_=twice)]
    text = f"attempt {row.attempt} conflicts again in {files}"
    question = {"kind": "conflict", "text": text, "options": ["retry", "skip", "cancel"]}
    return [Emit(event_for(event, "blocked", row, text, {"question": question}))]


def _others(result: Mapping[str, Any]) -> list[Mapping[str, str]]:
    return list(result["conflict"].get("other") or ())[-5:]


def _again(
    event: Event, row: TaskRow, cause: str, at: float, *, resume: bool = False, free: bool = False, print_: str = ""
) -> Emit:
    data: dict[str, Any] = {"at": at, "resume": int(resume), "free": free}
    if print_:
        data["fingerprint"] = print_
    return Emit(event_for(event, "retrying", row, cause, data))


def _failure(
    state: State,
    row: TaskRow,
    event: Event,
    cause: str,
    error: str,
    *,
    wait: float,
    resume: bool = False,
    afresh: bool = False,
    proof: Mapping[str, Any] | None = None,
) -> list[Command]:
    """Retry once by default; the same failure twice stops the task at once (DESIGN, section 9).

    `afresh`: the worktree is kept, and a session of its own goes on in it, for the last one has no room left.
    `proof`: what the checks found, kept as the evidence of the failure.
    """
    print_ = fingerprint(cause, error)
    data: dict[str, Any] = {key: proof[key] for key in PROOF if key in proof} if proof else {}
    data |= {"fingerprint": print_, "error": error[-4000:]}
    if error == LOST:
        del data["fingerprint"]  # twice lost is bad luck and no proof that the work cannot be done
    elif print_ == row.fingerprint:
        return _give_up(state, row, event, f"the same failure twice: {cause}", data)
    if row.tries > state.policy.retries:
        return _give_up(state, row, event, cause, data)
    data |= {"at": event.at + wait, "resume": int(resume)} | ({"session": ""} if afresh else {})
    return [Emit(event_for(event, "retrying", row, cause, data))]


def _is_end(commands: list[Command]) -> bool:
    """Whether a task is given up."""
    return any(isinstance(command, Emit) and command.event.kind == "failed" for command in commands)


def _give_up(state: State, row: TaskRow, event: Event, cause: str, data: Mapping[str, Any]) -> list[Command]:
    """The end of a task's tries: one tier up where the user's policy says so, with tries of its own, else failed."""
    model = state.policy.routing.higher(row)
    if not model:
        return [Emit(event_for(event, "failed", row, cause, data))]
    tier = state.policy.routing.tier(row._replace(model=model))
    again = {**data, "at": event.at, "model": model, "fingerprint": ""}
    return [Emit(event_for(event, "retrying", row, f"{cause}; it goes on one tier up, {tier}: {model}", again))]


def after_answer(state: State, question: QuestionRow, event: Event) -> list[Command]:
    """An answer sends a blocked task back, in the same session; a held one needs `accept` or `retry`.

    One that waits for another task now begins anew: what it waits for will not be in the worktree it has.
    """
    row = state.tasks[question.task]
    if row.state != "blocked":
        return []
    kind = back(state, row)
    data = {"resume": int(kind == "ready" and question.kind != "conflict"), "person": True}
    return [Emit(event_for(event, kind, row, "answered", data))]


def back(state: State, row: TaskRow) -> str:
    """Where a task begins again: `pending` while a dependency is open, which a person may have sent back meanwhile."""
    return "ready" if state.frontier.is_ready(row.task) else "pending"


def after_release(state: State, row: TaskRow, event: Event) -> list[Command]:
    """A dependency is satisfied: the tasks that waited for it alone become ready."""
    released = state.frontier.release(row.task)
    return [
        Emit(event_for(event, "ready", state.tasks[task], f"dependencies done; the last was {row.task}"))
        for task in released
        if state.tasks[task].state == "pending"
    ]


def after_return(state: State, row: TaskRow, event: Event) -> list[Command]:
    """A dependency is open again: what it had let go and what has not begun waits for it once more (I2)."""
    held_up = state.frontier.retract(row.task)
    return [
        Emit(event_for(event, "pending", state.tasks[task], f"waits for {row.task} again"))
        for task in held_up
        if state.tasks[task].state == "ready"
    ]


def next_merge(state: State, event: Event) -> list[Command]:
    """One merge at a time, of the next in the tree's order and of some that wait behind it, when none is under way."""
    waiting = sorted((t for t in state.merges if not state.live(t)), key=lambda t: state.tasks[t].place)
    if not waiting or state.arriving:
        return []
    if any(a.purpose == "merge" and a.state != "ended" for a in state.attempts.values()):
        return []
    first, *also = waiting[: max(1, state.policy.train)]
    data = {"purpose": "merge", **({"also": also} if also else {})}
    row = state.tasks[first]
    cause = f"merge of attempt {row.attempt}" + (f", together with {', '.join(also)}" if also else "")
    return [Emit(event_for(event, "intended", row, cause, data, state.next_fence))]
