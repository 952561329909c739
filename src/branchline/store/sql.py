"""Every SQL text of the store, by name; the columns of a table stand in the order of its row in `model.run`."""

from typing import Final

from branchline.model.moves import COURSE
from branchline.model.run import (
    AttemptRow,
    LaneRow,
    NodeRow,
    QuestionRow,
    RequestRow,
    RunRow,
    ServerSessionRow,
    SessionRow,
    TaskRow,
)

APPLICATION_ID: Final = 0x42724C6E
"""Marks a SQLite file as ours (`BrLn`), so that another program's database is never migrated."""

CREATE: Final = f"PRAGMA application_id = {APPLICATION_ID}"
WAL: Final = "PRAGMA journal_mode = WAL"
CONNECT: Final = (
    "PRAGMA synchronous = FULL",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA cell_size_check = ON",
    "PRAGMA journal_size_limit = 16777216",
)
BEGIN: Final = "BEGIN IMMEDIATE"
SNAPSHOT: Final = "BEGIN DEFERRED"

FIRST: Final = """
CREATE TABLE run (
    run TEXT PRIMARY KEY, plan TEXT, digest TEXT, state TEXT, reason TEXT, base TEXT,
    started REAL, ended REAL, settings TEXT, graph TEXT, net TEXT
);
CREATE INDEX run_plan ON run (plan, started);

CREATE TABLE task (
    run TEXT, task TEXT, place INTEGER, title TEXT, kind TEXT, parent TEXT, line INTEGER, role TEXT, worker TEXT,
    state TEXT, reason TEXT, attempt INTEGER, fence INTEGER, tries INTEGER, fingerprint TEXT, retry_at REAL,
    evidence TEXT, "commit" TEXT, session TEXT, resume INTEGER, accepted INTEGER,
    model TEXT, note TEXT, changed REAL,
    PRIMARY KEY (run, task)
) WITHOUT ROWID;

CREATE TABLE attempt (
    run TEXT, fence INTEGER, task TEXT, attempt INTEGER, purpose TEXT, state TEXT, role TEXT, worker TEXT, model TEXT,
    effort TEXT, intended REAL, started REAL, ended REAL, exit INTEGER, signal INTEGER, cause TEXT, session TEXT,
    tokens INTEGER, cost REAL,
    PRIMARY KEY (run, fence)
) WITHOUT ROWID;
CREATE INDEX attempt_task ON attempt (run, task);

CREATE TABLE question (
    run TEXT, id INTEGER, task TEXT, attempt INTEGER, kind TEXT, text TEXT, options TEXT, "default" TEXT,
    deadline TEXT, asked REAL, answer TEXT, answered REAL,
    PRIMARY KEY (run, id)
) WITHOUT ROWID;

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, run TEXT NOT NULL, kind TEXT NOT NULL,
    cause TEXT NOT NULL, task TEXT, attempt INTEGER, fence INTEGER, data TEXT NOT NULL
);
CREATE INDEX event_task ON event (run, task);
CREATE INDEX event_run ON event (run);
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_no_replace BEFORE INSERT ON event
WHEN NEW.seq IN (SELECT seq FROM event) BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE TABLE request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, run TEXT NOT NULL, verb TEXT NOT NULL, task TEXT NOT NULL,
    data TEXT NOT NULL, handled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX request_open ON request (id) WHERE handled = 0;

CREATE TABLE approval (
    id INTEGER PRIMARY KEY AUTOINCREMENT, plan TEXT NOT NULL, digest TEXT NOT NULL, "by" TEXT NOT NULL, at REAL NOT NULL
);
CREATE INDEX approval_plan ON approval (plan);
"""

LANES: Final = """
CREATE TABLE lane (
    run TEXT, lane TEXT, room INTEGER, until REAL, cause TEXT, strikes INTEGER, since REAL, PRIMARY KEY (run, lane)
) WITHOUT ROWID;
"""

NODES: Final = """
CREATE TABLE node (run TEXT, task TEXT, text TEXT, PRIMARY KEY (run, task)) WITHOUT ROWID;
INSERT INTO node
    SELECT run.run, json_extract(each.value, '$.id'), each.value
    FROM run, json_each(CASE WHEN json_valid(run.graph) THEN run.graph ELSE '{}' END, '$.nodes') AS each;
UPDATE run SET graph = json_object('graph', json_extract(graph, '$.graph')) WHERE json_valid(graph);
ALTER TABLE run ADD COLUMN source TEXT NOT NULL DEFAULT '';
"""

SESSIONS: Final = """
CREATE TABLE session (
    name TEXT PRIMARY KEY, fence INTEGER UNIQUE, place TEXT, turn INTEGER, status TEXT, mode TEXT, title TEXT, cwd TEXT,
    worker TEXT, kind TEXT, model TEXT, session TEXT, pid INTEGER, exit INTEGER, error TEXT, started REAL, changed REAL,
    ended REAL
);
"""

SERVERS: Final = """
CREATE TABLE server_session (
    instance TEXT, session TEXT, directory TEXT, title TEXT, model TEXT, seen REAL, PRIMARY KEY (instance, session)
) WITHOUT ROWID;
"""

LEANER: Final = """
CREATE TABLE leaner (
    seq INTEGER PRIMARY KEY, at REAL NOT NULL, run TEXT NOT NULL, kind TEXT NOT NULL,
    cause TEXT NOT NULL, task TEXT, attempt INTEGER, fence INTEGER, data TEXT NOT NULL
);
INSERT INTO leaner SELECT * FROM event;
DROP TABLE event;
ALTER TABLE leaner RENAME TO event;
CREATE INDEX event_task ON event (run, task);
CREATE INDEX event_run ON event (run);
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
"""
"""To write an event costs a third less: where none is ever deleted no number comes twice without AUTOINCREMENT, and with
`recursive_triggers` (CONNECT) the deletion in a REPLACE is stopped as any other."""

MIGRATIONS: Final = (FIRST, LANES, NODES, SESSIONS, SERVERS, LEANER)
"""Step n brings a database from version n to n + 1 (`PRAGMA user_version`); a released step is never changed."""


def _columns(fields: tuple[str, ...]) -> str:
    return ", ".join(f'"{field}"' for field in fields)


def _upsert(table: str, fields: tuple[str, ...], key: tuple[str, ...]) -> str:
    rest = ", ".join(f'"{field}" = excluded."{field}"' for field in fields if field not in key)
    marks = ", ".join("?" * len(fields))
    return (
        f"INSERT INTO {table} ({_columns(fields)}) VALUES ({marks}) "  # noqa: S608 - names from our own row types
        f"ON CONFLICT ({_columns(key)}) DO UPDATE SET {rest}"
    )


def _select(table: str, fields: tuple[str, ...], rest: str) -> str:
    return f"SELECT {_columns(fields)} FROM {table} {rest}"  # noqa: S608 - names from our own row types


_EVENT = ("at", "run", "kind", "cause", "task", "attempt", "fence", "data")

PUT_RUN: Final = _upsert("run", RunRow._fields, ("run",))
PUT_TASK: Final = _upsert("task", TaskRow._fields, ("run", "task"))
PUT_ATTEMPT: Final = _upsert("attempt", AttemptRow._fields, ("run", "fence"))
PUT_QUESTION: Final = _upsert("question", QuestionRow._fields, ("run", "id"))
PUT_NODE: Final = _upsert("node", NodeRow._fields, ("run", "task"))
PUT_SERVER_SESSION: Final = _upsert("server_session", ServerSessionRow._fields, ("instance", "session"))
DROP_SERVER_SESSIONS: Final = "DELETE FROM server_session WHERE instance = ?"
DROP_NODES: Final = "DELETE FROM node WHERE run = ?"
PUT_LANE: Final = _upsert("lane", LaneRow._fields, ("run", "lane"))
PUT_SESSION: Final = _upsert("session", SessionRow._fields, ("name",))
NOTE_SESSION: Final = (
    f"UPDATE session SET ({_columns(SessionRow._fields)}) = ({', '.join('?' * len(SessionRow._fields))}) "  # noqa: S608 - our own names
    "WHERE name = ? AND fence = ?"
)
DROP_SESSION: Final = "DELETE FROM session WHERE name = ?"
NEXT_FENCE: Final = "SELECT COALESCE(MAX(fence), 0) + 1 FROM session"
ADD_EVENT: Final = f"INSERT INTO event ({_columns(_EVENT)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
ADD_REQUEST: Final = "INSERT INTO request (at, run, verb, task, data) VALUES (?, ?, ?, ?, ?)"
ADD_APPROVAL: Final = 'INSERT INTO approval (plan, digest, "by", at) VALUES (?, ?, ?, ?)'
HANDLE_REQUEST: Final = "UPDATE request SET handled = 1 WHERE id = ?"
LAST_ID: Final = "SELECT last_insert_rowid()"
NEWEST_SEQ: Final = "SELECT COALESCE(MAX(seq), 0) FROM event"

GET_RUN: Final = _select("run", RunRow._fields, "WHERE run = ?")
ALL_RUNS: Final = _select("run", RunRow._fields, "ORDER BY rowid DESC")
PLAN_RUNS: Final = _select("run", RunRow._fields, "WHERE plan = ? ORDER BY rowid DESC")
HEADS: Final = "SELECT plan, run, state FROM run ORDER BY rowid DESC"
LAST_EVENT: Final = "SELECT COALESCE(MAX(seq), 0) FROM event WHERE run = ?"
GET_TASK: Final = _select("task", TaskRow._fields, "WHERE run = ? AND task = ?")
RUN_TASKS: Final = _select("task", TaskRow._fields, "WHERE run = ?")
GRAPH_TASKS: Final = _select(
    "task",
    TaskRow._fields,
    "WHERE run = ? AND EXISTS (SELECT 1 FROM node WHERE node.run = task.run AND node.task = task.task)",
)
TASK_STATES: Final = "SELECT task, state, line FROM task WHERE run = ?"
NEWEST_MERGE: Final = (
    """SELECT "commit" FROM task WHERE run = ? AND state = 'done' AND "commit" <> '' ORDER BY fence DESC LIMIT 1"""
)
SOME_NODES: Final = "SELECT task, text FROM node WHERE run = ? AND task IN (SELECT value FROM json_each(?))"
RUN_ATTEMPTS: Final = _select("attempt", AttemptRow._fields, "WHERE run = ? ORDER BY fence")
TASK_ATTEMPTS: Final = _select("attempt", AttemptRow._fields, "WHERE run = ? AND task = ? ORDER BY fence")
RUN_QUESTIONS: Final = _select("question", QuestionRow._fields, "WHERE run = ? ORDER BY id")
OPEN_QUESTIONS: Final = _select("question", QuestionRow._fields, "WHERE run = ? AND answer IS NULL ORDER BY id")
RUN_LANES: Final = _select("lane", LaneRow._fields, "WHERE run = ? ORDER BY lane")
SERVER_SESSIONS: Final = _select("server_session", ServerSessionRow._fields, "WHERE instance = ? ORDER BY session")
RUN_EVENTS: Final = _select("event", (*_EVENT, "seq"), "WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?")
RUN_FINDINGS: Final = _select("event", (*_EVENT, "seq"), f"WHERE run = ? AND kind NOT IN {COURSE} ORDER BY seq")
TASK_EVENTS: Final = _select("event", (*_EVENT, "seq"), "WHERE run = ? AND task = ? AND seq > ? ORDER BY seq LIMIT ?")
NEWEST_EVENT: Final = _select(
    "event", (*_EVENT, "seq"), "WHERE run = ? AND task = ? AND kind = ? ORDER BY seq DESC LIMIT 1"
)
USED: Final = "SELECT COALESCE(SUM(cost), 0.0), COALESCE(SUM(tokens), 0) FROM attempt WHERE run = ?"
SPENT: Final = """
SELECT a.run, a.task, MAX(a.role), MAX(a.worker), MAX(a.model), MAX(a.effort), MAX(a.ended) - MIN(a.intended), SUM(a.cost)
FROM attempt AS a JOIN task AS t ON t.run = a.run AND t.task = a.task AND t.attempt = a.attempt AND t.state = 'done'
WHERE a.run IN (SELECT run FROM run ORDER BY rowid DESC LIMIT ?) AND a.ended IS NOT NULL
GROUP BY a.run, a.task ORDER BY a.run, a.task
"""
"""Set-up, checks and merge have no worker of their own: the largest text is that of the work."""
TOUCHED: Final = """
SELECT t.title, json_extract(e.data, '$.files') AS files FROM event AS e JOIN task AS t ON t.run = e.run AND t.task = e.task
WHERE e.run IN (SELECT run FROM run ORDER BY rowid DESC LIMIT ?) AND e.kind = 'done' AND files IS NOT NULL ORDER BY e.seq
"""
OPEN_REQUESTS: Final = _select("request", RequestRow._fields, "WHERE handled = 0 ORDER BY id")
GET_SESSION: Final = _select("session", SessionRow._fields, "WHERE name = ?")
ALL_SESSIONS: Final = _select("session", SessionRow._fields, "ORDER BY name")
GET_APPROVAL: Final = 'SELECT digest, "by", at FROM approval WHERE plan = ? ORDER BY id DESC LIMIT 1'
