"""What a run records: events, the projected rows, and what passes between dispatch, workers and custody.

Rows are named tuples: they go into the database and come out of it as they are, and a thousand of them are cheap.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from branchline.model.money import Amount
from branchline.model.moves import AttemptState, ClaimStatus, Level, Purpose, RunState, SessionStatus, TaskState

TAKEN = 2
"""The `resume` of a task that a person took over."""
A_PERSON = "a person"
"""Who accepted work, where it was not recorded."""
LEFT_BEHIND = "no longer in the plan"
"""The reason of a task that a re-plan cancelled: what is asked of it would never be done."""
MERGED = "merged"
"""The reason of a task that is done on the integration branch; one that is done in place has another."""
RECHECK = "recheck of "
"""How the source of a check begins that belongs to a task which was merged before; the task's id follows."""
PHASE = "phase "
"""How the source of a composite's check begins; the composite's id follows."""


class Event(NamedTuple):
    """One recorded fact; `kind` is the state it leads to (or `answered`, `noted`), `at` is seconds since the epoch."""

    at: float
    run: str
    kind: str
    cause: str = ""
    task: str | None = None
    attempt: int | None = None
    fence: int | None = None
    data: Mapping[str, Any] = {}
    seq: int = 0


class RunRow(NamedTuple):
    """The projection of one run; `settings`, `graph` and `net` are JSON texts, `plan` is relative to the root.

    `graph` is what the graph says beside its tasks, which are `NodeRow`s; `source` is the digest of the graph's file and
    of the argv of the workers, as they were approved: while it is the same, so is `digest`, and nothing need be read.
    `net` is what scheduling needs of the graph beside the task rows: {edges: [[before, after]], mutex: {task: [path]}},
    and where a task has any: needs: {task: [resource]}, suite: [task], estimate: {task: hours} and, of tasks that
    only test with a file or mention it, touch: {task: {path: whether it is likely to change it}}. What answers
    added to the plan is grown: {tasks: {task: the one it was added for}, edges: [[before, after]]}.
    """

    run: str
    plan: str
    digest: str
    state: RunState
    reason: str
    base: str
    started: float
    ended: float | None
    settings: str
    graph: str
    net: str = '{"edges": [], "mutex": {}}'
    source: str = ""

    @property
    def flags(self) -> Mapping[str, Any]:
        """The flags that it was started with."""
        found: Mapping[str, Any] = json.loads(self.settings).get("flags", {})
        return found

    @property
    def in_place(self) -> bool:
        """Whether it works in the user's own checkout."""
        return bool(self.flags.get("in_place"))


class NodeRow(NamedTuple):
    """What a run's graph says of one task, as the JSON text of its node; it is read when the task is dispatched."""

    run: str
    task: str
    text: str


class TaskRow(NamedTuple):
    """The projection of one task in a run; a composite keeps state `pending`, its real state is derived.

    One that the plan has lost is `cancelled`, and so is what was below it and had not been done.
    `place` is its place in the tree's natural order; `attempt` counts dispatches; `tries` counts those since a person
    last spoke; `commit` is the merge commit on the integration branch; `accepted` says that a person took it as it is;
    `model` and `note` are what a person gave with `retry`; `resume` says that the next dispatch goes on in the session,
    and as TAKEN that no worker is started: what a person left in the worktree is collected.
    """

    run: str
    task: str
    place: int
    title: str
    kind: str
    parent: str | None
    line: int | None
    role: str
    worker: str
    state: TaskState
    reason: str = ""
    attempt: int = 0
    fence: int = 0
    tries: int = 0
    fingerprint: str = ""
    retry_at: float | None = None
    evidence: str = ""
    commit: str = ""
    session: str = ""
    resume: int = 0
    accepted: int = 0
    model: str = ""
    note: str = ""
    changed: float = 0.0


class AttemptRow(NamedTuple):
    """The projection of one process under custody; `fence` is its number in the run, never used twice.

    One dispatch of a task (`attempt`) may need several processes: setup, work, check, merge.
    """

    run: str
    fence: int
    task: str
    attempt: int
    purpose: Purpose
    state: AttemptState
    role: str = ""
    worker: str = ""
    model: str = ""
    effort: str = ""
    intended: float = 0.0
    started: float | None = None
    ended: float | None = None
    exit: int | None = None
    signal: int | None = None
    cause: str = ""
    session: str = ""
    tokens: int = 0
    cost: float = 0.0

    @property
    def used(self) -> Amount:
        """What it has cost, as far as its worker tells."""
        return Amount(self.cost, self.tokens)

    def part(self, row: TaskRow) -> "AttemptRow":
        """The part of a merge of several tasks that is this task's: it has a folder of its own."""
        return self._replace(task=row.task, attempt=row.attempt)


PERSONS: Final = "waits for a person: "
"""How the reason of a run begins in which nothing goes on before somebody has said something of the tasks it names."""
STEERING: Final = "injection: "
"""How the reason of a hold begins when a text tries to steer whoever reads it; the inbox calls it by that kind."""


class QuestionRow(NamedTuple):
    """One open or answered question of the inbox; `options` is a JSON list; `answer` is None while it is open."""

    run: str
    id: int
    task: str
    attempt: int
    kind: str
    text: str
    options: str = "[]"
    default: str = ""
    deadline: str = ""
    asked: float = 0.0
    answer: str | None = None
    answered: float | None = None


class ServerSessionRow(NamedTuple):
    """What was last seen of a session of an OpenCode server; `model` is the one its prompts take until another is named.

    All but `model` is a cache: the server is the truth. `seen` is seconds since the epoch.
    """

    instance: str
    session: str
    directory: str
    title: str = ""
    model: str = ""
    seen: float = 0.0


class LaneRow(NamedTuple):
    """The projection of what keeps one provider's workers few; the lane "" is the machine itself (its memory).

    `room` is how many may run (0: no limit of its own), `until` the end of its pause and `since` the time of its last
    trouble (seconds since the epoch), `strikes` the troubles in a row, `cause` the words for people.
    """

    run: str
    lane: str
    room: int = 0
    until: float = 0.0
    cause: str = ""
    strikes: int = 0
    since: float = 0.0


class SpentRow(NamedTuple):
    """What the last dispatch of a task that is done took: seconds from its intent to its merge, and money."""

    run: str
    task: str
    role: str
    worker: str
    model: str
    effort: str
    seconds: float
    cost: float


class RequestRow(NamedTuple):
    """A wish of another process that the holder of the lock turns into events; `data` is JSON."""

    id: int
    at: float
    run: str
    verb: str
    task: str
    data: str


class SessionRow(NamedTuple):
    """The latest state of one named session; `fence` is the number of its turn that runs or ran last, never used twice.

    `place` names its folder, `turn` counts its prompts, `status` is one of SEEDS S2.7, `title` the prompt's first line,
    `worker` the name in the settings and `kind` its adapter; `session` is the agent's own name for it, "" when unknown.
    """

    name: str
    fence: int
    place: str
    turn: int
    status: SessionStatus
    mode: str
    title: str
    cwd: str
    worker: str
    kind: str
    model: str = ""
    session: str = ""
    pid: int | None = None
    exit: int | None = None
    error: str = ""
    started: float = 0.0
    changed: float = 0.0
    ended: float | None = None


class Changes(NamedTuple):
    """What one transaction writes: events with the rows they project onto, and the requests they answer.

    `nodes`, where there are any, are all that the run has from now on.
    """

    events: tuple[Event, ...] = ()
    run: RunRow | None = None
    tasks: tuple[TaskRow, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()
    questions: tuple[QuestionRow, ...] = ()
    requests: tuple[int, ...] = ()
    lanes: tuple[LaneRow, ...] = ()
    nodes: tuple[NodeRow, ...] = ()


class Exit(NamedTuple):
    """How a process ended: `code` or `signal` is set, or `lost` (nobody saw it end); `cause` says why we stopped it."""

    code: int | None
    signal: int | None = None
    lost: bool = False
    cause: str = ""


class Job(NamedTuple):
    """Everything an adapter needs to start one attempt; all paths are absolute.

    `folder` is the attempt's own folder, `worktree` the working directory, `session` the agent's session to go on with;
    `reads` are patterns of the only files that may be read; `files` are pairs of a path and what the task does with it;
    `instances` are servers of the settings: name, address, user, the variable of the password, and how many tasks at once.
    """

    run: str
    task: str
    attempt: int
    fence: int
    role: str
    worker: str
    title: str
    worktree: str
    folder: str
    prompt_file: str
    exit_file: str
    model: str = ""
    variant: str = ""
    agent: str = ""
    temperature: float | None = None
    rules: Mapping[str, str] = {}
    session: str = ""
    argv: tuple[str, ...] = ()
    trust_exit: bool = False
    lean: bool = True
    read_only: bool = False
    reads: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    instances: tuple[tuple[str, str, str, str, int], ...] = ()
    env: Mapping[str, str] = {}


class Command(NamedTuple):
    """What custody starts: `stdin` is the path of a file, or empty for nothing; `env` is the whole environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: str = ""


class Question(NamedTuple):
    """What a worker needs to know before it can go on; `kind` is one of the blocked kinds (DESIGN, section 9)."""

    kind: str
    text: str
    options: tuple[str, ...] = ()
    default: str = ""
    deadline: str = ""


class Claim(NamedTuple):
    """What a worker says happened: never more than a claim.

    `error` is the text a failure is fingerprinted by; `missing` the pieces a partial result lacks; `extra` the unknown
    keys of the exit record.
    """

    status: ClaimStatus
    summary: str = ""
    question: Question | None = None
    missing: tuple[str, ...] = ()
    error: str = ""
    session: str = ""
    tokens: int = 0
    cost: float = 0.0
    source: str = ""
    extra: Mapping[str, Any] = {}


class Verdict(NamedTuple):
    """What Branchline found: the evidence behind `done`, or why there is none.

    `checks` are the rows of our own check jobs ({command, exit, seconds, commit, log, log_digest, tail}); `cause` and
    `error` say why it is not `ok` (of one that is, `cause` says why it proves no more); `needs_person` why nobody but a
    person may let it pass; `conflict` names the files; `frozen` are changed files that checks rest on; `diffstat` is
    {files, added, removed}, `tree` the merged result's; `refused` are files that the task's role may not change: they
    were saved and taken back; `left_out` are repositories inside the worktree, which no commit takes: they stay there.
    """

    ok: bool
    level: Level
    checks: tuple[Mapping[str, Any], ...] = ()
    commit: str = ""
    files: tuple[str, ...] = ()
    out_of_scope: tuple[str, ...] = ()
    cause: str = ""
    error: str = ""
    needs_person: str = ""
    conflict: Mapping[str, Any] | None = None
    frozen: tuple[str, ...] = ()
    diffstat: Mapping[str, int] = {}
    tree: str = ""
    refused: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
