"""store: one suite for the database and its twin in memory; what is committed is there, in one piece."""

import inspect
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.errors import LockedError, NotFoundError, StoreError
from branchline.model.money import Amount
from branchline.model.moves import ATTEMPT_MOVES, COURSE, TASK_MOVES
from branchline.model.run import (
    AttemptRow,
    Changes,
    Event,
    LaneRow,
    NodeRow,
    QuestionRow,
    RequestRow,
    RunRow,
    SessionRow,
    SpentRow,
    TaskRow,
)
from branchline.store import AnyStore, MemoryStore, Store, sql

RUN = RunRow("r1", "plans/x.md", "sha256:1", "running", "", "abc", 1.0, None, "{}", '{"nodes":[]}')


def task(number: int, **more: object) -> TaskRow:
    row = TaskRow("r1", f"t{number}", number, f"Task {number}", "atomic", None, number, "build", "shell", "pending")
    return row._replace(**more)  # type: ignore[arg-type]


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    found: AnyStore = Store.open(tmp_path / "state.db") if request.param == "sqlite" else MemoryStore()
    with found:
        yield found


def again(store: AnyStore) -> AnyStore:
    """The same store as another process opens it."""
    return Store.open(store.path) if isinstance(store, Store) else MemoryStore.open(store)


class TestConformance:
    def test_a_new_store_is_empty(self, store: AnyStore) -> None:
        assert (store.run("r1"), store.runs(), store.newest(), store.tasks("r1")) == (None, [], None, [])
        assert (store.task("r1", "t1"), store.attempts("r1"), store.questions("r1")) == (None, [], [])
        assert (store.events("r1"), store.requests(), store.approval("x")) == ([], [], None)

    def test_a_run_comes_back_as_it_went_in(self, store: AnyStore) -> None:
        rows = [task(2, parent="t1", line=None), task(1, kind="composite")]
        seq = store.create_run(RUN, rows, 1.5)
        assert store.run("r1") == RUN
        assert isinstance(store.run("r1"), RunRow)
        assert store.tasks("r1") == [rows[1], rows[0]]
        assert all(isinstance(row, TaskRow) for row in store.tasks("r1"))
        assert store.task("r1", "t2") == rows[0]
        data = {"state": "running", "plan": "plans/x.md", "digest": "sha256:1", "tasks": 2}
        assert store.events("r1") == [Event(1.5, "r1", "run", "created", data=data, seq=seq)]

    def test_a_session_is_swapped_only_by_who_knows_its_latest_state(self, store: AnyStore) -> None:
        new = SessionRow("a/b", 0, "p", 1, "scheduled", "new", "do it", "/w", "shell", "shell", started=1.5)
        assert (store.sessions(), store.session("a/b")) == ([], None)
        first = store.swap_session("a/b", 0, new)
        assert first == new._replace(fence=1)
        assert store.swap_session("a/b", 0, new) is None, "it is there already"
        other = store.swap_session("a", 0, new._replace(name="a"))
        assert other is not None
        assert again(store).sessions() == store.sessions() == [other, first]
        over = first._replace(status="done", exit=3, ended=2.5)
        store.note_sessions([over, other._replace(fence=9, status="done")])
        assert store.sessions() == [other, over]
        second = store.swap_session("a/b", first.fence, new._replace(turn=2))
        assert second == new._replace(turn=2, fence=3), "no number is used twice"
        store.note_sessions([over])
        assert store.session("a/b") == second, "an earlier turn's end comes late"
        assert store.swap_session("a/b", 1, over) is None
        assert store.swap_session("a/b", 3, None) is None
        assert store.sessions() == [other]

    def test_a_run_is_made_once(self, store: AnyStore) -> None:
        store.create_run(RUN, [task(1)], 1.0)
        with pytest.raises(StoreError, match="run r1 is there already"):
            store.create_run(RUN, [task(1, state="done")], 2.0)
        assert store.tasks("r1") == [task(1)]
        assert len(store.events("r1")) == 1

    def test_runs_newest_first_and_by_plan(self, store: AnyStore) -> None:
        for number, (plan, started) in enumerate([("a", 3.0), ("b", 1.0), ("a", 2.0), ("a", 2.0)]):
            store.create_run(RUN._replace(run=f"r{number}", plan=plan, started=started), [], started)
        assert [row.run for row in store.runs()] == ["r3", "r2", "r1", "r0"], "whatever the clock said"
        assert [row.run for row in store.runs("a")] == ["r3", "r2", "r0"]
        assert store.newest() == store.run("r3")
        assert store.newest("b") == store.run("r1")
        assert store.newest("c") is None

    def test_updating_a_run_keeps_its_place(self, store: AnyStore) -> None:
        for name in ("r1", "r2"):
            store.create_run(RUN._replace(run=name), [], 1.0)
        store.commit(Changes(run=RUN._replace(state="done", ended=9.0)))
        assert [(row.run, row.state, row.ended) for row in store.runs()] == [
            ("r2", "running", None),
            ("r1", "done", 9.0),
        ]

    def test_one_commit_writes_all_it_is_given(self, store: AnyStore) -> None:
        store.create_run(RUN, [task(1), task(2)], 1.0)
        number = store.request(1.5, "r1", "answer", "t1", {"text": "yes"})
        event = Event(2.0, "r1", "blocked", "asked", "t1", 1, 0, MappingProxyType({"kind": "question", "n": (1, 2)}))
        attempt = AttemptRow("r1", 0, "t1", 1, "work", "ended", exit=0, cost=0.25, tokens=12)
        question = QuestionRow("r1", 1, "t1", 1, "question", "Which?", '["a"]', "a")
        changed = task(1, state="blocked", attempt=1, commit="c0ffee", retry_at=3.5)
        last = store.commit(Changes((event, event), RUN, (changed,), (attempt,), (question,), (number,)))
        assert store.task("r1", "t1") == changed
        assert store.task("r1", "t2") == task(2)
        assert store.attempts("r1") == [attempt]
        assert store.questions("r1") == [question]
        assert store.requests() == []
        plain = event._replace(data={"kind": "question", "n": [1, 2]})
        assert store.events("r1")[1:] == [plain._replace(seq=last - 1), plain._replace(seq=last)]

    def test_lanes_come_back_as_they_are_now(self, store: AnyStore) -> None:
        rows = [LaneRow("r1", "b", 2, 9.5, "rate limit", 1, 3.0), LaneRow("r1", ""), LaneRow("r2", "a")]
        store.commit(Changes(lanes=tuple(rows)))
        store.commit(Changes(lanes=(rows[1]._replace(room=1),)))
        assert store.lanes("r1") == [rows[1]._replace(room=1), rows[0]]
        assert (store.lanes("r2"), store.lanes("r3")) == ([rows[2]], [])

    def test_the_tasks_of_a_graph_are_those_it_has_a_node_of(self, store: AnyStore) -> None:
        first = [NodeRow("r1", f"t{number}", f'{{"n": {number}}}') for number in (1, 2)]
        store.create_run(RUN, [task(3), task(2), task(1)], 1.0, first)
        store.create_run(RUN._replace(run="r2"), [], 1.0, [NodeRow("r2", "t3", "{}")])
        assert store.graph_tasks("r1") == [task(1), task(2)]
        assert [store.node("r1", name) for name in ("t1", "t2", "t3")] == ['{"n": 1}', '{"n": 2}', None]
        store.commit(Changes(nodes=(NodeRow("r1", "t3", "[]"),)))
        assert store.graph_tasks("r1") == [task(3)], "another graph takes the place of the former one"
        assert [store.node("r1", name) for name in ("t1", "t3")] == [None, "[]"]
        assert store.node("r2", "t3") == "{}"
        assert store.nodes("r1", ("t1", "t3", "t'\u00e9")) == {"t3": "[]"}
        store.commit(Changes(tasks=(task(1, state="done"),)))
        assert store.graph_tasks("r1") == [task(3)]

    def test_states_are_the_tasks_in_short(self, store: AnyStore) -> None:
        store.create_run(RUN, [task(2, line=None), task(1, state="done")], 1.0)
        assert sorted(store.states("r1")) == [("t1", "done", 1), ("t2", "pending", None)]
        assert store.states("r2") == []

    def test_heads_are_the_runs_in_short(self, store: AnyStore) -> None:
        for number, plan in enumerate("aba"):
            store.create_run(RUN._replace(run=f"r{number}", plan=plan, started=float(number)), [], 1.0)
        assert store.heads() == [("a", "r2", "running"), ("b", "r1", "running"), ("a", "r0", "running")]
        assert [(row.plan, row.run, row.state) for row in store.runs()] == store.heads()

    def test_the_last_event_is_the_runs_own(self, store: AnyStore) -> None:
        assert store.last_event("r1") == 0
        seqs = [store.commit(Changes(events=(Event(1.0, run, "noted"),))) for run in ("r1", "r2", "r1", "r2")]
        assert (store.last_event("r1"), store.last_event("r2")) == (seqs[2], seqs[3])

    def test_the_newest_event_of_a_kind_is_the_tasks_own(self, store: AnyStore) -> None:
        assert store.newest_event("r1", "t1", "claimed") is None
        for cause, task, kind in (
            ("a", "t1", "claimed"),
            ("b", "t1", "claimed"),
            ("c", "t2", "claimed"),
            ("d", "t1", "done"),
        ):
            store.commit(Changes(events=(Event(1.0, "r1", kind, cause, task, data={"summary": cause}),)))
        found = store.newest_event("r1", "t1", "claimed")
        assert found is not None
        assert (found.cause, found.data, found.seq) == ("b", {"summary": "b"}, 2)
        assert store.newest_event("r2", "t1", "claimed") is None

    def test_an_empty_commit_changes_nothing(self, store: AnyStore) -> None:
        assert store.commit(Changes()) == 0
        assert store.commit(Changes(tasks=(task(1),))) == 0

    def test_the_seq_is_the_stores_own_and_grows(self, store: AnyStore) -> None:
        event = Event(1.0, "r1", "noted", seq=77)
        seqs = [store.commit(Changes(events=(event,) * count)) for count in (1, 3, 1)]
        assert seqs == [1, 4, 5]
        assert [e.seq for e in store.events("r1")] == [1, 2, 3, 4, 5]

    def test_events_by_task_and_in_pages(self, store: AnyStore) -> None:
        events = [Event(float(n), "r1" if n % 3 else "r2", "noted", task=f"t{n % 2}") for n in range(12)]
        store.commit(Changes(events=tuple(events)))
        assert [e.at for e in store.events("r1")] == [1, 2, 4, 5, 7, 8, 10, 11]
        assert [e.at for e in store.events("r1", "t0")] == [2, 4, 8, 10]
        assert [e.at for e in store.events("r1", "t0", after=5)] == [8, 10]
        assert store.events("r9") == store.events("r1", "t9") == store.events("r1", after=99) == []
        pages, after = [], 0
        while page := store.events("r1", after=after, limit=3):
            pages.append([e.at for e in page])
            after = page[-1].seq
        assert pages == [[1, 2, 4], [5, 7, 8], [10, 11]]

    def test_what_was_found_is_all_but_the_course_of_attempts(self, store: AnyStore) -> None:
        kinds = sorted({*TASK_MOVES, *ATTEMPT_MOVES, "stopping", "noted"})
        store.commit(Changes(events=tuple(Event(1.0, run, kind, task="t1") for kind in kinds for run in ("r1", "r2"))))
        assert [event.kind for event in store.findings("r1")] == [kind for kind in kinds if kind not in COURSE]

    def test_attempts_by_task_in_the_order_of_fences(self, store: AnyStore) -> None:
        rows = [AttemptRow("r1", n, f"t{n % 2}", 1, "work", "intended") for n in range(11)]
        store.commit(Changes(attempts=tuple(reversed(rows))))
        assert store.attempts("r1") == rows
        assert [row.fence for row in store.attempts("r1", "t1")] == [1, 3, 5, 7, 9]
        store.commit(Changes(attempts=(rows[3]._replace(state="ended", exit=1, ended=2.0),)))
        assert store.attempts("r1", "t1")[1] == rows[3]._replace(state="ended", exit=1, ended=2.0)

    def test_what_done_tasks_took_is_their_last_dispatch(self, store: AnyStore) -> None:
        def attempt(fence: int, number: int, purpose: str, began: float, ended: float | None) -> AttemptRow:
            worker = "shell" if purpose == "work" else ""
            row = AttemptRow("r1", fence, "t1", number, purpose, "ended", "build", worker)  # type: ignore[arg-type]
            return row._replace(intended=began, ended=ended, cost=0.25, tokens=fence)

        store.create_run(RUN, [task(1, state="done", attempt=2), task(2, state="running", attempt=1)], 1.0)
        rows = (
            attempt(1, 1, "work", 10.0, 99.0),
            attempt(2, 2, "setup", 100.0, 101.0),
            attempt(3, 2, "work", 101.0, 130.0),
            attempt(4, 2, "merge", 131.0, 140.0),
            attempt(5, 1, "work", 100.0, 130.0)._replace(task="t2"),
        )
        store.commit(Changes(attempts=rows))
        assert store.spent(1) == [SpentRow("r1", "t1", "build", "shell", "", "", 40.0, 0.75)]
        assert (store.used("r1"), store.used("r2")) == (Amount(1.25, 15), Amount())
        store.create_run(RUN._replace(run="r2"), [], 2.0)
        assert store.spent(1) == []

    def test_the_files_of_what_is_done_are_told_by_title_of_the_newest_runs(self, store: AnyStore) -> None:
        store.create_run(RUN, [task(1, title="Translate 1"), task(2)], 1.0)
        done = [
            Event(1.0, "r1", "done", "", f"t{n}", 1, None, data) for n, data in ((1, {"files": ["a", "b"]}), (2, {}))
        ]
        store.commit(Changes(events=(*done, Event(2.0, "r1", "noted", "", "t1", 1, None, {"files": ["c"]}))))
        assert store.touched(1) == [("Translate 1", ["a", "b"])]
        store.create_run(RUN._replace(run="r2"), [], 2.0)
        assert store.touched(1) == []

    def test_open_questions(self, store: AnyStore) -> None:
        rows = [QuestionRow("r1", n, "t1", 1, "question", f"{n}?") for n in range(3)]
        store.commit(Changes(questions=tuple(rows)))
        store.commit(Changes(questions=(rows[1]._replace(answer="", answered=2.0),)))
        assert [row.id for row in store.questions("r1", open_only=True)] == [0, 2]
        assert [row.answer for row in store.questions("r1")] == [None, "", None]

    def test_requests_wait_until_a_commit_handles_them(self, store: AnyStore) -> None:
        first = store.request(1.0, "r1", "cancel")
        second = store.request(2.0, "", "answer", "t1", {"text": "é"})
        assert [row[:5] for row in store.requests()] == [
            (first, 1.0, "r1", "cancel", ""),
            (second, 2.0, "", "answer", "t1"),
        ]
        assert isinstance(store.requests()[0], RequestRow)
        store.commit(Changes(requests=(first, 999)))
        assert [row.id for row in store.requests()] == [second]
        assert store.request(3.0, "r1", "skip", "t2") > second

    def test_the_newest_approval_counts(self, store: AnyStore) -> None:
        store.approve("a.md", "sha256:1", "me", 1.0)
        store.approve("b.md", "sha256:2", "policy", 2.0)
        store.approve("a.md", "sha256:3", "you", 3.0)
        assert store.approval("a.md") == ("sha256:3", "you", 3.0)
        assert store.approval("b.md") == ("sha256:2", "policy", 2.0)

    def test_texts_of_every_kind_survive(self, store: AnyStore) -> None:
        for text in ("1.10", "007", "", "nul", "é\u202e😀", "a'b\"; DROP TABLE task;--", "x\0y", "{}"):
            store.commit(Changes(tasks=(task(1, task=text, title=text, reason=text),)))
            assert store.task("r1", text) == task(1, task=text, title=text, reason=text)

    def test_a_snapshot_reads_like_the_store(self, store: AnyStore) -> None:
        store.create_run(RUN, [task(1)], 1.0)
        with store.snapshot() as seen:
            assert seen.tasks("r1") == [task(1)]
            assert seen.run("r1") == RUN
        store.commit(Changes(tasks=(task(1, state="ready"),)))

    def test_who_was_overtaken_writes_nothing_any_more(self, store: AnyStore) -> None:
        store.create_run(RUN, [task(1)], 1.0)
        number = store.request(1.5, "r1", "skip", "t1")
        late = [Changes((Event(3.0, "r1", "noted", "late"),), tasks=(task(1, state="done"),)), Changes()]
        with again(store) as other:
            other.request(1.6, "r1", "retry", "t1")
            store.commit(Changes(tasks=(task(1, state="ready"),)))
            other.commit(Changes((Event(2.0, "r1", "noted", "taken over"),)))
            for changes in (*late, Changes(requests=(number,))):
                with pytest.raises(LockedError, match="took over while this one was held up"):
                    store.commit(changes)
            assert [event.cause for event in other.events("r1")] == ["created", "taken over"]
            assert other.tasks("r1") == store.tasks("r1") == [task(1, state="ready")]
            assert [wish.verb for wish in other.requests()] == ["skip", "retry"]
            other.commit(late[0])
        with again(store) as third:
            third.commit(Changes())
            assert third.task("r1", "t1") == task(1, state="done")

    def test_closing_twice_is_no_fault(self, store: AnyStore) -> None:
        store.close()
        store.close()


class TestDatabase:
    def test_columns_are_the_rows(self, tmp_path: Path) -> None:
        Store.open(tmp_path / "state.db").close()
        with_columns = {"run": RunRow, "task": TaskRow, "attempt": AttemptRow, "question": QuestionRow}
        connection = sqlite3.connect(tmp_path / "state.db")
        for table, row in with_columns.items():
            assert tuple(column[1] for column in connection.execute(f"PRAGMA table_info({table})")) == row._fields
        assert {column[1] for column in connection.execute("PRAGMA table_info(event)")} == set(Event._fields)
        connection.close()

    def test_the_promised_modes(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "state.db") as store:
            ask = store._connection.execute
            assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
            assert ask("PRAGMA synchronous").fetchone() == (2,)
            assert ask("PRAGMA busy_timeout").fetchone() == (5000,)
            assert ask("PRAGMA user_version").fetchone() == (len(sql.MIGRATIONS),)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE event SET kind = 'done'",
            "DELETE FROM event",
            "INSERT OR REPLACE INTO event SELECT seq, at, run, 'done', cause, task, attempt, fence, data FROM event",
        ],
    )
    def test_events_can_only_be_appended(self, tmp_path: Path, statement: str) -> None:
        with Store.open(tmp_path / "state.db") as store:
            store.create_run(RUN, [], 1.0)
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store._connection.execute(statement)
            assert store.events("r1")[0].kind == "run"

    def test_a_commit_that_fails_leaves_nothing(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "state.db") as store:
            store.create_run(RUN, [task(1)], 1.0)
            bad = AttemptRow("r1", object(), "t1", 1, "work", "intended")  # type: ignore[arg-type]
            changes = Changes(events=(Event(2.0, "r1", "ready"),), tasks=(task(1, state="ready"),), attempts=(bad,))
            with pytest.raises(StoreError):
                store.commit(changes)
            assert store.tasks("r1") == [task(1)]
            assert len(store.events("r1")) == 1
            assert store.commit(changes._replace(attempts=())) == 2

    def test_what_sqlite_has_no_form_for_is_stored_in_a_form_it_has(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "state.db") as store:
            row = AttemptRow("r1", 0, "t1", 1, "work", "ended", tokens=10**30, session="\ud800x")
            event = Event(1.0, "r1", "noted", cause="\udcff", data={"tokens": 10**30, "name": "\ud800"})
            assert store.commit(Changes(events=(event,), attempts=(row,))) == 1
            assert store.attempts("r1")[0][-2:] == (2**63 - 1, 0.0)
            assert store.attempts("r1")[0].session == "?x"
            assert store.events("r1")[0].data == {"tokens": 10**30, "name": "\ud800"}
            store.request(1.0, "r1", "skip", "\udcff")
            assert store.requests()[0].task == "?"

    def test_a_thousand_tasks_by_one_select(self, tmp_path: Path) -> None:
        rows = [task(n) for n in range(1000)]
        with Store.open(tmp_path / "state.db") as store:
            store.create_run(RUN, rows, 1.0)
            statements: list[str] = []
            store._connection.set_trace_callback(statements.append)
            assert store.tasks("r1") == rows
            assert len(statements) == 1

    def test_every_lookup_uses_an_index(self, tmp_path: Path) -> None:
        queries = (
            sql.GET_RUN, sql.PLAN_RUNS, sql.GET_TASK, sql.RUN_TASKS, sql.RUN_ATTEMPTS, sql.TASK_ATTEMPTS,
            sql.OPEN_QUESTIONS, sql.RUN_EVENTS, sql.TASK_EVENTS, sql.GET_APPROVAL,
        )  # fmt: skip
        with Store.open(tmp_path / "state.db") as store:
            for query in queries:
                plan = store._connection.execute(f"EXPLAIN QUERY PLAN {query}", (None,) * query.count("?")).fetchall()
                assert not any(row[3].startswith("SCAN") for row in plan), query

    def test_a_database_that_vanished_is_not_written_into_the_void(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "state.db") as store:
            (tmp_path / "state.db").rename(tmp_path / "moved.db")
            with pytest.raises(StoreError, match="removed or replaced"):
                store.commit(Changes(tasks=(task(1),)))
            (tmp_path / "moved.db").rename(tmp_path / "state.db")
            store.commit(Changes(tasks=(task(1),)))


class TestReaders:
    def test_where_there_is_no_run_nothing_is_made(self, tmp_path: Path) -> None:
        for options in ({"create": False}, {"read_only": True}):
            with pytest.raises(NotFoundError, match="no run here yet; start with: branchline execute PLAN"):
                Store.open(tmp_path / ".branchline" / "state.db", **options)
        assert list(tmp_path.iterdir()) == []

    def test_a_reader_sees_what_is_committed_while_a_writer_writes(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "state.db") as writer, Store.open(tmp_path / "state.db", read_only=True) as reader:
            writer.create_run(RUN, [task(1)], 1.0)
            assert reader.tasks("r1") == [task(1)]
            with reader.snapshot():
                assert reader.task("r1", "t1") == task(1)
                writer.commit(Changes(tasks=(task(1, state="ready"),)))
                assert reader.task("r1", "t1") == task(1)
            assert reader.task("r1", "t1") == task(1, state="ready")
            writer._connection.execute("BEGIN IMMEDIATE")
            assert reader.task("r1", "t1") == task(1, state="ready")
            writer._connection.execute("ROLLBACK")

    def test_a_reader_cannot_write(self, tmp_path: Path) -> None:
        Store.open(tmp_path / "state.db").close()
        with Store.open(tmp_path / "state.db", read_only=True) as reader:
            with pytest.raises(StoreError, match="readonly"):
                reader.request(1.0, "r1", "cancel")
            assert reader.requests() == []

    def test_a_reader_leaves_no_files_behind(self, tmp_path: Path) -> None:
        Store.open(tmp_path / "state.db").close()
        with Store.open(tmp_path / "state.db", read_only=True) as reader:
            reader.runs()
        assert [path.name for path in tmp_path.iterdir()] == ["state.db"]

    def test_requests_of_another_process_arrive(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "state.db") as store:
            code = (
                "import sys; from pathlib import Path; from branchline.store import Store\n"
                "with Store.open(Path(sys.argv[1]), create=False) as s: print(s.request(1.0, 'r1', 'skip', 't1'))"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=True
            )
            assert [row.id for row in store.requests()] == [int(done.stdout)]


def test_two_that_make_the_database_at_once_share_it(tmp_path: Path) -> None:
    """Eight processes are let go together; each leaves one request in the same database."""
    code = (
        "import sys; from pathlib import Path; from branchline.store import Store; sys.stdin.readline()\n"
        "with Store.open(Path(sys.argv[1])) as s: s.request(1.0, 'r1', 'skip')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x" / "state.db")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(8)]
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with Store.open(tmp_path / "x" / "state.db", create=False) as store:
        assert len(store.requests()) == 8
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["state.db"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = st.text() | st.integers()
VALUES = st.recursive(
    SCALARS,
    lambda each: st.lists(each) | st.lists(each).map(tuple) | st.dictionaries(KEYS, each),
    max_leaves=5,
)
DATA = st.dictionaries(st.text(), VALUES, max_size=3) | st.dictionaries(st.text(), VALUES, max_size=1).map(
    MappingProxyType
)


@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), DATA), max_size=3),
            st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from("uvw")), max_size=3),
            st.lists(st.integers(1, 5), max_size=2),
            st.booleans(),
        ),
        max_size=8,
    )
)
@settings(deadline=None, max_examples=40)
def test_twins_answer_alike(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[list[tuple[str, str, Mapping[str, Any]]], list[tuple[str, int, str]], list[int], bool]],
) -> None:
    twins: tuple[AnyStore, AnyStore] = (Store.open(tmp_path_factory.mktemp("twin") / "state.db"), MemoryStore())
    for events, tasks, handled, wish in history:
        changes = Changes(
            events=tuple(Event(1.0, run, "noted", task=name, data=data) for run, name, data in events),
            tasks=tuple(task(place, run=run, reason=why) for run, place, why in tasks),
            requests=tuple(handled),
        )
        assert len({twin.commit(changes) for twin in twins}) == 1
        if wish:
            assert len({twin.request(1.0, "a", "skip") for twin in twins}) == 1
    for run in "ab":
        assert twins[0].events(run) == twins[1].events(run)
        assert twins[0].events(run, "x", after=2, limit=1) == twins[1].events(run, "x", after=2, limit=1)
        assert twins[0].tasks(run) == twins[1].tasks(run)
    assert twins[0].requests() == twins[1].requests()
    for twin in twins:
        twin.close()


def test_twins_have_one_face() -> None:
    def face(kind: type) -> dict[str, str]:
        names = [name for name in vars(kind) if not name.startswith("_") and name not in ("open", "path")]
        return {name: str(inspect.signature(getattr(kind, name))) for name in names}

    assert face(Store) == face(MemoryStore)


def test_the_store_costs_no_heavy_import() -> None:
    code = (
        "import sys; import branchline.store, branchline.files;"
        "heavy = {'dataclasses', 'yaml', 'pydantic', 'asyncio', 'hashlib', 'subprocess', 'tomllib'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
