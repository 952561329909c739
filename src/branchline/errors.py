"""one tree; each class carries a stable code and an exit status

BranchlineError                 E_UNEXPECTED      1
├── UsageError                  E_USAGE           2
│   ├── InputError              E_INPUT           2   unreadable, too large, not UTF-8, not a regular file
│   ├── PlanError               E_PLAN            2
│   │   └── NoTasksError        E_NO_TASKS        2
│   ├── GraphError              E_GRAPH           2   cycle, unknown or duplicate id, broken graph file
│   ├── SettingsError           E_SETTINGS        2
│   ├── WorkerMissingError      E_WORKER_MISSING  2
│   ├── RepositoryError         E_REPOSITORY      2   no git, dirty, no commit, no identity
│   └── NotFoundError           E_NOT_FOUND       2   no such run, task, line or file
├── WaitingError                E_WAITING         3
│   └── NotApprovedError        E_NOT_APPROVED    3
├── FailedError                 E_FAILED          4
├── PlannerError                E_PLANNER         1   a model that plans cannot be asked, or gives no right answer
├── LockedError                 E_LOCKED         75
├── InterruptedRunError        E_INTERRUPTED   130
├── StoreError                  E_STORE           1
│   ├── StoreFullError          E_STORE_FULL      1
│   └── StoreDamagedError       E_STORE_DAMAGED   1
├── GitError                    E_GIT             1   a git command failed for a reason nobody foresaw
├── SessionError                by code           by code   a named session cannot do what was asked (SEEDS S2.9)
├── RefusedError                E_REFUSED         1   a request to the dashboard is refused
├── RemoteError                 E_REMOTE          1   another program on the network does not answer, or not as it should
└── IllegalMoveError            E_ILLEGAL_MOVE    1   a fault of ours: a move that is not in the table
"""

from typing import Any


class BranchlineError(Exception):
    """Anything Branchline can name; the message says what happened, where, and what to do."""

    code: str = "E_UNEXPECTED"
    exit_status: int = 1

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class UsageError(BranchlineError):
    """The command cannot be carried out as it was given."""

    code = "E_USAGE"
    exit_status = 2


class InputError(UsageError):
    """A file cannot be read: missing, too large, not UTF-8, not a regular file."""

    code = "E_INPUT"


class PlanError(UsageError):
    """A plan was read and cannot be used."""

    code = "E_PLAN"


class NoTasksError(PlanError):
    """A plan was read and holds no task."""

    code = "E_NO_TASKS"


class GraphError(UsageError):
    """A graph breaks a law: a cycle, an unknown or doubled id, a broken file."""

    code = "E_GRAPH"


class SettingsError(UsageError):
    """A setting is unknown or has a value that cannot be used."""

    code = "E_SETTINGS"


class WorkerMissingError(UsageError):
    """The program of a worker is not installed."""

    code = "E_WORKER_MISSING"


class RepositoryError(UsageError):
    """The repository is not in a state in which work can start."""

    code = "E_REPOSITORY"


class NotFoundError(UsageError):
    """There is no such run, task, line or record."""

    code = "E_NOT_FOUND"


class WaitingError(BranchlineError):
    """Nothing can go on before a person has spoken."""

    code = "E_WAITING"
    exit_status = 3


class NotApprovedError(WaitingError):
    """The graph has not been approved."""

    code = "E_NOT_APPROVED"


class FailedError(BranchlineError):
    """Work failed: a task, a check, the quality gate."""

    code = "E_FAILED"
    exit_status = 4


class PlannerError(BranchlineError):
    """A model that plans cannot be asked, or gives no answer that is right; the rules' result stands."""

    code = "E_PLANNER"


class LockedError(BranchlineError):
    """Another coordinator holds the lock; try again later."""

    code = "E_LOCKED"
    exit_status = 75


class InterruptedRunError(BranchlineError):
    """The person pressed ^C."""

    code = "E_INTERRUPTED"
    exit_status = 130


class StoreError(BranchlineError):
    """The database refused a read or a write."""

    code = "E_STORE"


class StoreFullError(StoreError):
    """The disk is full; nothing of the last transaction was written."""

    code = "E_STORE_FULL"


class StoreDamagedError(StoreError):
    """The database file is damaged; it is left as it is."""

    code = "E_STORE_DAMAGED"


class GitError(BranchlineError):
    """A git command failed for a reason nobody foresaw."""

    code = "E_GIT"


class SessionError(BranchlineError):
    """A named session cannot do what was asked; `code` is one that scripts know from the program it replaces."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.code = code
        self.exit_status = SESSION_CODES[code]


SESSION_CODES = {
    "E_ARG_UNKNOWN": 2,
    "E_CMD_MISSING": 2,
    "E_CMD_UNKNOWN": 2,
    "E_CWD_INVALID": 2,
    "E_EXPORT_FAILED": 1,
    "E_EXPORT_TIMEOUT": 75,
    "E_NAME_EXISTS": 2,
    "E_NAME_NOT_FOUND": 2,
    "E_NAME_REQUIRED": 2,
    "E_NOT_DONE": 75,
    "E_NOT_RUNNING": 1,
    "E_PATTERN_INVALID": 2,
    "E_PATTERN_REQUIRED": 2,
    "E_PROMPT_REQUIRED": 2,
    "E_SESSIONID_MISSING": 1,
    "E_SESSION_NOT_FOUND": 2,
    "E_SIGNAL_FAILED": 1,
    "E_SIGNAL_UNSUPPORTED": 2,
    "E_TIMEOUT": 75,
    "E_UNEXPECTED": 1,
    "E_WAIT_NAME_REQUIRED": 2,
    "E_WORKER_PAYLOAD": 2,
}
"""Code of a `SessionError` -> exit status (DESIGN, section 6; SEEDS S2.9)."""


class RemoteError(BranchlineError):
    """A server does not answer, or not as it should."""

    code = "E_REMOTE"


class RefusedError(BranchlineError):
    """The dashboard refuses a request; `status` is HTTP's own number for the reason."""

    code = "E_REFUSED"

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, status=status)
        self.status = status


class IllegalMoveError(BranchlineError):
    """A move that is not in the table of legal moves: a fault of Branchline's own."""

    code = "E_ILLEGAL_MOVE"
