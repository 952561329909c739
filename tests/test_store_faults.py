"""store: full disks, damaged files, kills at any moment."""

import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from branchline.care.cuts import cut_log
from branchline.errors import StoreDamagedError, StoreError, StoreFullError
from branchline.model.run import Changes, Event, RunRow, TaskRow
from branchline.store import Store, sql

SCALE = int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
SEED = os.environ.get("BRANCHLINE_TEST_SEED")
RUN = RunRow("r1", "p.md", "sha256:1", "running", "", "abc", 1.0, None, "{}", "{}")
TASKS = [TaskRow("r1", f"t{n}", n, "Title " * 9, "atomic", None, n, "build", "shell", "pending") for n in range(300)]


def move(n: int, state: str, pad: int = 0) -> Changes:
    row = TASKS[n]._replace(state=state)  # type: ignore[arg-type]
    return Changes(events=(Event(2.0, "r1", state, task=row.task, data={"pad": "x" * pad}),), tasks=(row,))


def seeded() -> tuple[int, random.Random]:
    """Return a seed, to be printed on failure, and its generator."""
    seed = int(SEED) if SEED else random.randrange(1 << 30)
    return seed, random.Random(seed)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A closed database with one run of 300 tasks."""
    with Store.open(tmp_path / "state.db") as store:
        store.create_run(RUN, TASKS, 1.0)
        for n in range(100):
            store.commit(move(n, "ready", pad=300))
    return tmp_path / "state.db"


class TestFullDisk:
    def test_nothing_is_lost_and_work_goes_on_when_there_is_room(self, database: Path) -> None:
        pages = database.stat().st_size // 4096
        with Store.open(database, max_pages=pages + 3) as store:
            written = len(store.events("r1"))
            with pytest.raises(StoreFullError, match="make room on the disk") as caught:
                for _ in range(1000):
                    store.commit(move(1, "running", pad=900))
                    written += 1
            assert str(database) in caught.value.message
            for _ in range(3):
                with pytest.raises(StoreFullError):
                    store.commit(Changes(events=move(2, "running", pad=100_000).events, tasks=move(2, "done").tasks))
            assert len(store.events("r1")) == written
            assert store.tasks("r1")[2].state == "ready"
            store._connection.execute("PRAGMA max_page_count = 100000")
            assert store.commit(move(2, "running", pad=100_000)) == written + 1
            assert store.tasks("r1")[2].state == "running"

    def test_a_real_full_disk(self, tmp_path: Path) -> None:
        """A tmpfs of 600 kB in a mount namespace of its own; skipped where none can be made."""
        script = tmp_path / "fill.py"
        script.write_text(
            textwrap.dedent("""
            import os, sys
            from pathlib import Path
            from branchline.errors import StoreFullError
            from branchline.model.run import Changes, Event
            from branchline.store import Store, held, lock
            folder = Path(sys.argv[1])
            store = Store.open(folder / "state.db")
            ballast = folder / "ballast"
            ballast.write_bytes(b"x" * 200_000)
            written = 0
            try:
                while True:
                    store.commit(Changes(events=(Event(1.0, "r1", "noted", data={"pad": "x" * 2000}),)))
                    written += 1
            except StoreFullError as error:
                assert "make room" in error.message, error.message
            for _ in range(3):
                try:
                    store.commit(Changes(events=(Event(1.0, "r1", "noted", data={"pad": "x" * 20000}),)))
                except StoreFullError:
                    pass
                else:
                    raise SystemExit("the disk was not full")
            assert len(store.events("r1")) == written
            with Store.open(folder / "state.db", read_only=True) as reader:
                assert len(reader.events("r1")) == written
            for path in (folder / "second.db", folder / "new" / "third.db"):
                try:
                    Store.open(path)
                except StoreFullError as error:
                    assert str(path) in error.message
                else:
                    raise SystemExit("a database was made on a full disk")
                assert not list(path.parent.glob("*.new*")) and not path.exists()
            store.close()
            (folder / "more").write_bytes(b"x" * (os.statvfs(folder).f_bavail * 4096))
            with Store.open(folder / "state.db", read_only=True) as reader:
                assert len(reader.events("r1")) == written
            with lock(folder):
                assert held(folder) == os.getpid()
            ballast.unlink()
            store = Store.open(folder / "state.db")
            store.commit(Changes(events=(Event(1.0, "r1", "noted", data={"pad": "x" * 2000}),)))
            store.close()
            with Store.open(folder / "state.db") as again:
                assert [e.seq for e in again.events("r1")] == list(range(1, written + 2))
            print("held", written)
            """)
        )
        (tmp_path / "disk").mkdir()
        command = 'mount -t tmpfs -o size=600k tmpfs "$1" || exit 77; exec "$2" "$3" "$1"'
        done = subprocess.run(
            ["unshare", "-r", "-m", "sh", "-c", command, "sh", str(tmp_path / "disk"), sys.executable, str(script)],
            capture_output=True,
            text=True,
            timeout=120,
        ) if shutil.which("unshare") else None  # fmt: skip
        if done is None or done.returncode == 77 or "unshare" in done.stderr:
            pytest.skip("no mount namespace can be made here")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("held ")


class TestDamage:
    @pytest.mark.parametrize(
        "content", [b"", b"SQLite", b"x" * 5000, b"# a text\n" * 100, b"SQLite format 3\0" + b"\0" * 84]
    )
    def test_what_is_no_database_is_refused_and_left_alone(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "state.db"
        path.write_bytes(content)
        for options in ({}, {"create": False}, {"read_only": True}):
            with pytest.raises((StoreDamagedError, StoreError), match=r"state\.db"):
                Store.open(path, **options)
        assert path.read_bytes() == content
        assert [p.name for p in tmp_path.iterdir()] == ["state.db"]

    def test_a_folder_or_a_pipe_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        os.mkfifo(tmp_path / "b")
        for name in "ab":
            with pytest.raises(StoreDamagedError, match="not a regular file"):
                Store.open(tmp_path / name)

    def test_another_programs_database_is_not_touched(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match="database of another program"):
            Store.open(path)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
    def test_a_truncated_database_is_named_at_once(self, database: Path, share: float) -> None:
        content = database.read_bytes()[: int(database.stat().st_size * share)]
        database.write_bytes(content)
        with pytest.raises(StoreDamagedError, match=r"state\.db is damaged .* left as it is"):
            Store.open(database)
        assert database.read_bytes() == content

    def test_a_log_without_its_database_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / "state.db-wal").write_bytes(b"the only copy of the last commits")
        with pytest.raises(StoreDamagedError, match="is missing, but its log"):
            Store.open(tmp_path / "state.db")
        assert [p.name for p in tmp_path.iterdir()] == ["state.db-wal"]

    def test_a_place_that_is_no_number_is_damage(self, database: Path) -> None:
        connection = sqlite3.connect(database)
        connection.execute("UPDATE task SET place = 'x' WHERE task = ?", (TASKS[7].task,))
        connection.commit()
        connection.close()
        with Store.open(database, read_only=True) as store, pytest.raises(StoreDamagedError, match="place of a task"):
            store.tasks("r1")

    def test_random_damage_ends_in_words_and_changes_no_byte(self, database: Path) -> None:
        """Overwrite pages at random: every use gives rows or a named error, and reading never writes."""
        whole = database.read_bytes()
        seed, chance = seeded()
        found = 0
        for _ in range(60 * SCALE):
            content = bytearray(whole)
            at = chance.randrange(100, len(content) - 64)
            size = chance.choice([1, 16, 4096])
            content[at : at + size] = chance.randbytes(len(content[at : at + size]))
            database.write_bytes(content)
            try:
                with Store.open(database, read_only=True) as store:
                    store.runs(), store.tasks("r1"), store.events("r1"), store.attempts("r1"), store.requests()
            except StoreError as error:
                found += isinstance(error, StoreDamagedError)
                assert str(database) in error.message, f"seed {seed}"
            assert database.read_bytes() == bytes(content), f"seed {seed}"
        assert found, f"seed {seed}: no damage was seen"

    def test_a_log_cut_at_any_byte_loses_nothing_that_was_acknowledged(self) -> None:
        """Every byte of the last records at scale 15; at 1 every byte around their ends, and many between."""
        cuts, wrong = cut_log(max(1, 211 // (SCALE * SCALE)))
        assert wrong == []
        assert cuts > 500

    def test_what_was_cut_off_is_said(self, tmp_path: Path) -> None:
        path, log = tmp_path / "state.db", tmp_path / "state.db-wal"
        source = Store.open(path)
        source.create_run(RUN, TASKS[:1], 1.0)
        source._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        marks = []
        for _ in range(3):
            source.commit(Changes(events=(Event(2.0, "r1", "noted", data={"pad": "x" * 5000}),)))
            marks.append(log.stat().st_size)
        database, whole = path.read_bytes(), log.read_bytes()
        (tmp_path / "copy").mkdir()
        for cut in [0, 5, 31, 32, 40, *range(marks[0] - 3, marks[2] + 1, 97), marks[1], marks[2]]:
            (tmp_path / "copy" / "state.db").write_bytes(database)
            (tmp_path / "copy" / "state.db-wal").write_bytes(whole[:cut])
            with Store.open(tmp_path / "copy" / "state.db") as store:
                acknowledged = max((mark for mark in (32, *marks) if mark <= cut), default=cut)
                assert store.dropped == cut - acknowledged, cut
                with Store.open(store.path) as second:
                    assert second.dropped == 0, "the one that has it open has said so"
        source.close()

    def test_an_old_tail_of_the_log_is_not_taken_for_a_cut(self, database: Path) -> None:
        with Store.open(database) as store:
            for n in range(20):
                store.commit(move(n, "running", pad=3000))
            store._connection.execute("PRAGMA wal_checkpoint(RESTART)")
            store.commit(move(1, "done"))
            content, log = database.read_bytes(), database.with_name("state.db-wal").read_bytes()
        database.write_bytes(content)
        database.with_name("state.db-wal").write_bytes(log)
        with Store.open(database) as store:
            assert (store.dropped, store.tasks("r1")[1].state) == (0, "done")

    def test_a_record_that_is_not_json_is_damage(self, database: Path) -> None:
        with Store.open(database) as store:
            store._connection.execute(sql.ADD_EVENT, (3.0, "r1", "noted", "", None, None, None, "{nope"))
            with pytest.raises(StoreDamagedError, match="a record is not JSON"):
                store.events("r1")


class TestVersions:
    def test_a_newer_database_is_refused_in_words(self, database: Path) -> None:
        connection = sqlite3.connect(database)
        known = len(sql.MIGRATIONS)
        connection.execute(f"PRAGMA user_version = {known + 4}")
        connection.close()
        said = rf"written by a newer Branchline \(version {known + 4} of the tables, this one knows {known}\)"
        with pytest.raises(StoreError, match=said):
            Store.open(database)

    def test_an_older_database_is_brought_up_to_date(self, tmp_path: Path) -> None:
        """Version 0 stands in for an older release: ours by its mark, without the tables of step one."""
        path = tmp_path / "state.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(sql.CREATE)
        connection.execute(sql.WAL)
        connection.execute("CREATE TABLE kept (x)")
        connection.close()
        with Store.open(path, read_only=True) as store:
            assert store.runs() == []
        with Store.open(path) as store:
            store.create_run(RUN, [], 1.0)
            assert store._connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

    @pytest.mark.parametrize("version", range(1, len(sql.MIGRATIONS) + 1))
    def test_every_older_version_keeps_what_it_holds(self, tmp_path: Path, version: int) -> None:
        path = tmp_path / "state.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(sql.CREATE)
        connection.execute(sql.WAL)
        for step in sql.MIGRATIONS[:version]:
            connection.executescript(step)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("INSERT INTO event (at, run, kind, cause, data) VALUES (1.0, 'r1', 'noted', 'old', '{}')")
        connection.close()
        for _ in range(2):
            with Store.open(path) as store:
                assert [event.cause for event in store.events("r1")] == ["old"]
                assert store.lanes("r1") == []
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    store._connection.execute("REPLACE INTO event SELECT * FROM event")
                assert store._connection.execute("PRAGMA user_version").fetchone() == (len(sql.MIGRATIONS),)

    def test_the_graph_of_an_older_version_is_told_apart(self, tmp_path: Path) -> None:
        """It was one text with the run; now each task has a row of its own."""
        path = tmp_path / "state.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute(sql.CREATE)
        for step in sql.MIGRATIONS[:2]:
            connection.executescript(step)
        connection.execute("PRAGMA user_version = 2")
        whole = {
            "graph": {"plan": "p.md", "gate": []},
            "nodes": [{"id": "1", "title": "One"}, {"id": "2"}],
            "edges": [],
        }
        for run, text in (("r1", json.dumps(whole)), ("r2", "no graph")):
            connection.execute("INSERT INTO run (run, plan, graph) VALUES (?, 'p.md', ?)", (run, text))
        connection.close()
        with Store.open(path) as store:
            rows = {row.run: row for row in store.runs()}
            assert json.loads(rows["r1"].graph) == {"graph": {"plan": "p.md", "gate": []}}
            assert (rows["r2"].graph, rows["r1"].source) == ("no graph", "")
            assert json.loads(store.node("r1", "1") or "") == {"id": "1", "title": "One"}
            assert (store.node("r1", "3"), store.node("r2", "1")) == (None, None)


class TestReadOnlyPlaces:
    def test_a_folder_that_cannot_be_written_can_be_read(self, database: Path) -> None:
        script = (
            "import os, sys; from pathlib import Path; from branchline.errors import StoreError\n"
            "from branchline.model.run import Changes; from branchline.store import Store\n"
            "os.getuid() or os.setuid(65534)\n"
            "with Store.open(Path(sys.argv[1]), read_only=True) as s: print(len(s.tasks('r1')))\n"
            "for options in ({}, {'create': False}):\n"
            "    try: Store.open(Path(sys.argv[1]), **options).commit(Changes())\n"
            "    except StoreError as error: print(type(error).__name__, error)\n"
        )
        for folder in itertools.takewhile(lambda each: "pytest" in str(each), database.parents):
            folder.chmod(0o755)
        database.chmod(0o444)
        database.parent.chmod(0o555)
        try:
            done = subprocess.run(
                [sys.executable, "-c", script, str(database)], capture_output=True, text=True, timeout=60
            )
        finally:
            database.parent.chmod(0o755)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0] == "300"
        assert all(line.startswith("StoreError") and str(database) in line for line in lines[1:])
        assert len(lines) == 3

    def test_a_place_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match=r"state\.db: "):
            Store.open(tmp_path / "file" / "state.db")


WRITER = """
import sys
from pathlib import Path
from branchline.model.run import *
from branchline.store import Store
store = Store.open(Path(sys.argv[1]))
row = store.task("r1", "t0")
if row is None:
    tasks = [TaskRow("r1", f"t{n}", n, "T", "atomic", None, n, "build", "shell", "pending") for n in range(50)]
    store.create_run(RunRow("r1", "p", "d", "running", "", "b", 1.0, None, "{}", "{}"), tasks, 1.0)
n = len(store.events("r1"))
print("ready", flush=True)
while True:
    n += 1
    row = store.task("r1", f"t{n % 50}")._replace(attempt=n, reason="x" * (n % 700))
    attempt = AttemptRow("r1", n, row.task, n, "work", "intended")
    wish = store.request(1.0, "r1", "skip", row.task)
    event = Event(2.0, "r1", "noted", task=row.task, attempt=n, data={"wish": wish})
    store.commit(Changes((event,), None, (row,), (attempt,), (), (wish,)))
    print(n, flush=True)
"""


def test_kill_at_any_moment_leaves_events_and_rows_in_agreement(tmp_path: Path) -> None:
    """A writer is killed -9 at random moments; whatever it was told is committed is there, with all of its rows."""
    path = tmp_path / "state.db"
    seed, chance = seeded()
    told = 1  # the first event is that of the run
    for _ in range(12 * SCALE):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        for _ in range(chance.randrange(1, 60)):
            line = process.stdout.readline().strip()
            told = int(line) if line.isdigit() else told
        end = time.perf_counter() + chance.random() * 0.003
        while time.perf_counter() < end:  # any moment between two commits as well as within one
            pass
        process.kill()
        rest = process.communicate()[0].split()
        assert process.returncode == -signal.SIGKILL
        told = max([told, *map(int, filter(str.isdigit, rest))])
        with Store.open(path, read_only=True) as store:
            events = [event for event in store.events("r1") if event.kind == "noted"]
            attempts = [event.attempt for event in events]
            assert 1 + len(events) in (told, told + 1), f"seed {seed}"
            assert [row.fence for row in store.attempts("r1")] == attempts, f"seed {seed}"
            newest = {event.task: event.attempt for event in events}
            assert {row.task: row.attempt for row in store.tasks("r1") if row.attempt} == newest, f"seed {seed}"
            assert len(store.requests()) <= 12 * SCALE, f"seed {seed}"
            wishes = {event.data["wish"] for event in events}
            assert not wishes & {row.id for row in store.requests()}, f"seed {seed}"
            assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), f"seed {seed}"
    assert told > 12


def test_a_second_store_in_this_process_leaves_the_first_its_locks(database: Path) -> None:
    """Without its locks another process would take the log away from under us, and all that is written after it."""
    other = f"from pathlib import Path; from branchline.store import Store; Store.open(Path({str(database)!r})).close()"
    with Store.open(database) as store:
        Store.open(database).close()
        subprocess.run([sys.executable, "-c", other], check=True, timeout=30)
        store.commit(move(200, "ready"))
        log = database.with_name("state.db-wal")
        assert log.exists(), "another process took the log for nobody's"
    with Store.open(database) as again:
        row = again.task("r1", "t200")
        assert row is not None
        assert row.state == "ready"
