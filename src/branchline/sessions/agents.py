"""The named sessions of one place: what the store says of them, brought up to date by what custody knows.

Nobody waits for a session: its custodian outlives the command that started it and records its exit durably, and whoever
looks next brings the record up to date. Who runs is asked of the kernel's locks, never guessed from a pid.
"""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Final

from branchline import workers
from branchline.errors import BranchlineError, SessionError
from branchline.model.run import Exit, SessionRow
from branchline.proc import Custody, Ended, Spawn, Started, read_record
from branchline.sessions import history
from branchline.store import Store

LIVE: Final = frozenset({"scheduled", "running"})
NEVER: Final = 60.0
"""Seconds after which a turn that no custodian has taken up never starts: whoever asked for it was killed meanwhile."""
_LOOK, _LOOKS = 0.5, 20
"""Seconds and rounds in which a custodian is waited for; a turn that starts later starts all the same."""
_MAX_ERROR: Final = 2000
OURS: Final = ("cancelled", "timeout", "output:")
"""How the cause of a stop begins that a person or a setting asked for; after any other nobody knows how it would have ended."""


class Agents:
    """The sessions recorded in `store`, with their folders and their custody in `state/agents`; times by `clock`."""

    def __init__(self, state: Path, store: Store, clock: Callable[[], float]) -> None:
        self.folder = state / "agents"
        self.store = store
        self._clock = clock
        self._pids: dict[int, int] = {}
        self._ends: dict[int, Exit] = {}

    def all(self) -> list[SessionRow]:
        """Every session as it is now, by name."""
        return self._now(self.store.sessions())

    def find(self, name: str) -> SessionRow | None:
        """One session as it is now."""
        row = self.store.session(name)
        return self._now([row])[0] if row else None

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a session ends that was looked at."""
        self._take(seconds)

    def start(self, former: SessionRow | None, row: SessionRow, spawn: Callable[[SessionRow], Spawn]) -> SessionRow:
        """Record the next turn of a session and hand it to custody; the row as it was recorded, with the pid if it has one.

        `former` is the record it takes the place of. What `spawn` raises leaves that record as it was. Raises
        SessionError (E_NAME_EXISTS) when another process was faster.
        """
        self._custody.adopt(())
        put = self.store.swap_session(row.name, former.fence if former else 0, row)
        if put is None:
            raise SessionError("E_NAME_EXISTS", f"{row.name} was started by another command just now", name=row.name)
        try:
            made = spawn(put)
        except BaseException:  # ^C as well: nothing was started
            self.store.swap_session(row.name, put.fence, former)
            raise
        with Custody.open(self.folder, 1) as custody:
            custody.start(made)
            for _ in range(_LOOKS):
                if said := custody.poll(_LOOK):
                    return put._replace(pid=next((event.pid for event in said if isinstance(event, Started)), None))
        return put

    def cancel(self, row: SessionRow, grace: float) -> None:
        """TERM to the whole process tree of a turn, KILL after `grace` seconds; custody sees to it, nobody waits."""
        self._custody.stop(row.fence, grace, "cancelled")

    def turn(self, row: SessionRow) -> Path:
        """The folder of a session's last turn."""
        return self.folder / row.place / str(row.turn)

    def close(self) -> None:
        """Let go; what runs goes on."""
        if "_custody" in vars(self):
            self._custody.close()

    @cached_property
    def _custody(self) -> Custody:
        self.folder.mkdir(parents=True, exist_ok=True)
        return Custody(self.folder, 1)

    def _now(self, rows: list[SessionRow]) -> list[SessionRow]:
        """The rows as custody knows them now; what has changed is recorded."""
        live = {row.fence: row for row in rows if row.status in LIVE}
        if not live:
            return rows
        found = self._custody.adopt(live)
        self._take(0.0)
        for fence, state in found.items():
            if state == "unstarted" and abs(self._clock() - live[fence].started) > NEVER:
                self._custody.stop(fence, 0.0, "no custodian took it up: the command that asked for it was ended")
        self._take(0.0)
        seen = [self._seen(row, found[row.fence]) if row.fence in live else row for row in rows]
        now = [new._replace(changed=self._clock()) if new != row else row for row, new in zip(rows, seen, strict=True)]
        if now != rows:
            self.store.note_sessions(new for row, new in zip(rows, now, strict=True) if new != row)
        return now

    def _take(self, seconds: float) -> None:
        for event in self._custody.poll(seconds):
            if isinstance(event, Started):
                self._pids[event.fence] = event.pid
            elif isinstance(event, Ended):
                self._ends[event.fence] = event.exit

    def _seen(self, row: SessionRow, state: str) -> SessionRow:
        if end := self._ends.get(row.fence):
            return self._over(row, end)
        if state != "running":
            return row
        pid = self._pids.get(row.fence) or row.pid or self._custody.keeper(row.fence)
        return row._replace(status="running", pid=pid, session=row.session or self._session(row, Exit(None))[0])

    def _over(self, row: SessionRow, end: Exit) -> SessionRow:
        """How a turn ended: `done` with the exit code (128 + signal), `unknown` when nobody can say."""
        code = end.code if end.signal is None else 128 + end.signal
        lost = end.lost or code is None or bool(end.cause and not end.cause.startswith(OURS) and end.code != 127)
        session, error = self._session(row, end)
        kept = read_record(self.folder, row.fence)
        return row._replace(
            status="unknown" if lost else "done",
            exit=None if lost else code,
            session=row.session or session,
            error=end.cause or error[-_MAX_ERROR:] or ("nobody saw it end" if lost else ""),
            pid=(kept.start.worker if kept.start else 0) or None,
            ended=kept.ended or self._clock(),
        )

    def _session(self, row: SessionRow, end: Exit) -> tuple[str, str]:
        """The agent's own session, as far as it has told it, and what its adapter says went wrong."""
        try:
            adapter = workers.get(row.kind)
            claim = adapter.claim(history.read_job(self.turn(row)), end)
        except BranchlineError as error:
            return "", error.message
        # Exit 0 of an agent is no success yet; of any other program it is all that there is to know.
        return claim.session, claim.error if adapter.STREAM or end.code != 0 else ""
