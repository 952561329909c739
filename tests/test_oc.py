"""`oc` against servers of ours: every verb in both word orders, what is meant and what is not, and what may go wrong."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.opencode_server import Server, use
from branchline.cli import main
from branchline.config import InstanceSettings
from branchline.errors import NotFoundError, RemoteError, UsageError
from branchline.opencode_api import Client
from branchline.opencode_api.rows import Session, Waiting
from branchline.sessions import oc
from branchline.store import Store
from branchline.workflow.oc import TAKES, VERBS, read
from branchline.workflow.oc_desk import Asked

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    with Server() as one, Server(password="pw") as two:
        yield one, two


@pytest.fixture
def bl(tmp_path: Path, servers: tuple[Server, Server], capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `oc` with two instances in the settings; gives the exit status and the JSON line."""
    one, two = servers
    monkeypatch.setenv("TWO_PASSWORD", "pw")
    (tmp_path / "branchline.toml").write_text(
        f'allowed_models = ["stub/*"]\n[instances.one]\nurl = "{one.url}"\nprojects_path = "{tmp_path}/projects"\n'
        f'[instances.two]\nurl = "{two.url}/"\npassword_env = "TWO_PASSWORD"\n'
    )

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        code = main(["oc", *words, "--json", "-C", str(tmp_path)])
        (line,) = capsys.readouterr().out.splitlines()
        found: dict[str, Any] = json.loads(line)
        assert found["ok"] == (code == 0)
        return code, found

    return run


def test_both_word_orders_say_the_same(bl: Run, servers: tuple[Server, Server]) -> None:
    servers[0].add("/w/a", "first")
    for verb in ("instances", "models", "sessions", "status", "permissions", "questions", "sync"):
        first, second = bl("one", verb), bl(verb, "one")
        first[1].pop("said", None), first[1].pop("synced", None)
        assert first == (0, {key: value for key, value in second[1].items() if key not in ("said", "synced")})


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_meant_in_both_word_orders(verb: str) -> None:
    instances = {name: InstanceSettings(url="http://h") for name in ("one", "status")}
    rest = tuple(f"word{number}" for number, _ in enumerate(TAKES.get(verb, ())))
    for name in instances:
        orders = ((name, verb, *rest), (verb, name, *rest))
        assert [read(words, Asked(""), instances) for words in orders] == [Asked(verb, rest, name)] * 2


def test_a_session_from_its_creation_to_its_answer(bl: Run, servers: tuple[Server, Server], tmp_path: Path) -> None:
    servers[0].at_once = True
    code, made = bl(
        "create", "one", "--title", "first", "--directory", "new/app", "--model", "stub/stub-small", "--yolo"
    )
    place = tmp_path / "projects" / "new" / "app"
    assert (code, made["directory"], made["made"]) == (0, str(place), True)
    assert subprocess.check_output(["git", "-C", str(place), "log", "--format=%s"], text=True) == "Start\n"
    assert [each["title"] for each in servers[0].of("")] == ["first"], "what made the folder is gone"
    assert servers[0].sessions[made["id"]]["permission"][0]["action"] == "allow"
    code, told = bl("one", "prompt", made["id"], "do", "it")
    assert (code, told["model"]) == (0, "stub/stub-small"), "the model sticks to the session"
    assert [body["parts"][0]["text"] for path, _, body in servers[0].bodies if "prompt" in path] == ["do it"]
    assert bl("prompt", "one", made["id"], "again", "--model", "stub/stub-1")[0] == 0
    assert bl("prompt", made["id"], "and again")[1]["model"] == "stub/stub-1", "and it is found on either server"
    code, read = bl("messages", "one", made["id"], "--limit", "1")
    assert [each["text"] for each in read["messages"]] == ["I did: and again"]
    assert bl("create", "one", "--directory", str(place))[1]["made"] is False
    bl("sync", "one")
    with Store.open(tmp_path / ".branchline" / "state.db", read_only=True) as store:
        assert {row.model for row in store.server_sessions("one")} == {"stub/stub-1", ""}


def test_what_sessions_wait_for_is_listed_and_answered(bl: Run, servers: tuple[Server, Server]) -> None:
    one, two = servers
    parent = one.add("/w/a")
    child, other = one.add("/w/a", parentID=parent), two.add("/w/b")
    leave, again = one.ask(child), one.ask(parent, command="rm x")
    db = [{"question": "Which db?", "options": [{"label": "sqlite"}, {"label": "postgres"}]}]
    asked = two.ask(other, questions=[*db, {"question": "Name?", "options": []}])
    assert {each["id"] for each in bl("permissions")[1]["permissions"]} == {leave, again}
    assert bl("questions")[1]["questions"][0]["questions"][0]["options"] == ["sqlite", "postgres"]
    rows = {(each["instance"], each["id"]): each for each in bl("status")[1]["sessions"]}
    found = [rows[where] for where in (("one", parent), ("one", child), ("two", other))]
    assert {each["state"] for each in found} == {"busy"}
    assert [each["permissions"] + each["questions"] for each in found] == [[again], [leave], [asked]]
    assert bl("approve", "one", "per_")[1]["code"] == "E_USAGE", "two wait: which one is not guessed"
    assert bl("approve", leave, "--always")[0] == 0
    assert bl("reject", again)[0] == 0
    assert one.answered[leave]["reply"] == "always"
    assert one.answered[again]["message"] == oc.REFUSED, "without words the turn would end in silence"
    assert bl("answer", asked, "sqlite")[1]["code"] == "E_USAGE", "it asks two things"
    assert bl("two", "answer", asked[:8], "2", "my name")[0] == 0
    assert two.answered[asked]["answers"] == [["postgres"], ["my name"]]
    assert bl("approve", leave)[1]["code"] == "E_NOT_FOUND"


def test_a_prompt_that_comes_to_nothing_is_not_called_delivered(bl: Run, servers: tuple[Server, Server]) -> None:
    one = servers[0]
    name = one.add("/w/a")
    assert "did you mean stub/stub-1" in bl("prompt", name, "x", "--model", "stub/stub-2")[1]["error"]
    assert bl("prompt", name, "x", "--model", "acme/large")[1]["code"] == "E_SETTINGS"
    one.models.append("bad")
    one.at_once = True
    one.play = lambda server, session, text: server.idle(session)
    code, told = bl("prompt", name, "x", "--model", "stub/bad")
    assert (code, told["details"]["state"]) == (4, "idle/empty")
    one.play = lambda server, session, text: server.answer(
        session, "", error={"name": "APIError", "data": {"message": "no"}}
    )
    code, told = bl("prompt", name, "x", "--model", "stub/stub-1")
    assert (code, told["error"]) == (4, f"session {name} of one: APIError: no")
    assert bl("one", "status", name)[1]["counts"] == {"idle/error": 1}
    code, told = bl("diagnose", name)
    assert (code, [each["check"] for each in told["findings"] if not each["ok"]]) == (4, ["directory", "status"])
    checks = ["mapping", "reachability", "existence", "path form", "directory", "status", "messages", "model"]
    assert [each["check"] for each in told["findings"]] == checks


def test_a_prompt_that_is_lost_is_an_error(servers: tuple[Server, Server]) -> None:
    one = servers[0]
    one.faults["prompt"] = "lost"
    ticks = iter(range(1000))
    clock = oc.Clock(lambda: float(next(ticks)), lambda _: None)
    with Client("one", one.url) as client, pytest.raises(RemoteError, match="it is not there"):
        oc.prompt(client, client.session(one.add("/w/a")), "x", "", clock)


def test_an_abort_says_whether_there_was_anything_to_stop(bl: Run, servers: tuple[Server, Server]) -> None:
    name = servers[0].add("/w/a")
    servers[0].busy(name)
    assert bl("abort", "one", name)[1]["was_busy"] is True
    assert bl("one", "abort", name)[1]["was_busy"] is False
    assert bl("abort", "ses_gone")[1]["code"] == "E_NOT_FOUND", "the server would say yes to this too"


def test_one_server_that_is_gone_hides_no_other(
    bl: Run, servers: tuple[Server, Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = servers
    name = one.add("/w/a")
    two.faults["/experimental/session"] = "500"
    code, told = bl("status")
    assert (code, [each["id"] for each in told["sessions"]], list(told["errors"])) == (1, [name], ["two"])
    assert bl("messages", name)[0] == 0, "a whole id leaves no doubt"
    assert bl("messages", name[:-1])[1]["code"] == "E_REMOTE", "a part of one does"
    two.faults = {"/global/health": "html"}
    code, told = bl("instances")
    assert (code, told["code"]) == (1, "E_REMOTE")
    assert [each["healthy"] for each in told["instances"]] == [True, False]
    assert main(["oc", "instances", "-C", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "2 instances" in out, "what answered can be piped on"
    assert err.startswith("branchline: two (") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["abrot", "one"], "E_USAGE", "did you mean abort"),
        (["one"], "E_USAGE", "oc one needs a verb"),
        (["one", "abrot"], "E_USAGE", "did you mean abort"),
        (["onee", "status"], "E_NOT_FOUND", "no instance is called 'onee'; did you mean one"),
        (["sessions", "onee"], "E_NOT_FOUND", "did you mean one"),
        (["prompt", "one", "ses_1"], "E_USAGE", "needs TEXT"),
        (["prompt", "one", "ses_1", " "], "E_USAGE", "empty"),
        (["abort", "one", "a", "b"], "E_USAGE", "'b' is too much"),
        (["status", "--yolo"], "E_USAGE", "no --yolo"),
        (["create"], "E_USAGE", "on which of one, two"),
        (["create", "one", "--directory", "../x"], "E_USAGE", "leads out of"),
        (["create", "one", "--directory", "a`id`"], "E_USAGE", "not safe in a shell"),
        (["create", "one", "--directory", "a\nb"], "E_USAGE", "write a path"),
        (["status", "one", "ses_nope"], "E_NOT_FOUND", "begins with"),
        (["answer", "one", "que_1", "x"], "E_NOT_FOUND", "nothing waits"),
        (["import", "nothing.json"], "E_INPUT", "nothing.json"),
    ],
)
def test_what_cannot_be_meant_is_said(bl: Run, words: list[str], code: str, said: str) -> None:
    status, told = bl(*words)
    assert (status, told["code"]) == (2, code)
    assert said in told["error"]


def test_without_a_password_only_its_own_instance_is_closed(bl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWO_PASSWORD")
    code, told = bl("instances")
    assert (code, list(told["errors"])) == (1, ["two"])
    assert bl("two", "status")[1]["code"] == "E_SETTINGS"
    assert bl("one", "status")[0] == 0


def test_a_look_at_twenty_directories_takes_few_requests(bl: Run, servers: tuple[Server, Server]) -> None:
    one = servers[0]
    names = [one.add(f"/w/{place}", f"{number}") for place in range(20) for number in range(10)]
    one.ask(names[0]), one.busy(names[55]), one.message(names[-1], "user", {"type": "text", "text": "x"})
    one.seen.clear()
    code, told = bl("status", "one")
    assert (code, told["counts"]) == (0, {"idle/empty": 1, "idle": 197, "busy": 2})
    assert one.requests <= 45, one.seen


def test_an_instances_file_becomes_settings_without_its_passwords(bl: Run, tmp_path: Path) -> None:
    rows = {
        "one": {"url": "http://elsewhere:1"},
        "a b": {"url": "http://h:4096", "projectsPath": "/p", "password": "s3"},
    }
    (tmp_path / "instances.json").write_text(json.dumps({"instances": rows, "allowed_models": ["x/y"]}))
    code, told = bl("import", "instances.json")
    assert (code, told["added"], told["kept"]) == (0, ["a b"], ["one"])
    text = (tmp_path / "branchline.toml").read_text()
    assert text.count("allowed_models") == 1, "those of the settings stay"
    assert (
        '[instances."a b"]\nurl = "http://h:4096"\nprojects_path = "/p"\npassword_env = "OPENCODE_PASSWORD_A_B"' in text
    )
    assert "s3" not in text + json.dumps(told)
    assert bl("import", "instances.json")[1]["added"] == []
    (tmp_path / "bad.json").write_text('[{"name": "x", "url": "ftp://h"}]')
    assert "its url must be" in bl("import", "bad.json")[1]["error"]
    (tmp_path / "branchline.toml").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool.branchline]\njobs = 2\n")
    assert "pyproject.toml" in bl("import", "instances.json")[1]["error"]
    assert not (tmp_path / "branchline.toml").exists()


@pytest.mark.parametrize(
    ("word", "found"), [("ses_ab", "ses_ab"), ("ses_abc", "ses_abcd"), ("ab", UsageError), ("ses_x", NotFoundError)]
)
def test_the_beginning_of_an_id_is_enough_when_it_is_the_only_one(word: str, found: Any) -> None:
    rows = [Session(name, "/w") for name in ("ses_ab", "ses_abcd", "ses_c")]
    if isinstance(found, str):
        assert oc.find(rows, word, "one").id == found
    else:
        with pytest.raises(found):
            oc.find(rows, word, "one")


@pytest.mark.parametrize(
    ("directory", "place"),
    [
        ("", "/p"),
        ("a", "/p/a"),
        ("a/../b/", "/p/b"),
        ("/x//y/", "/x/y"),
        (".", "/p"),
        ("/", "/"),
        ("..", None),
        ("~/a", None),
    ],
)
def test_a_directory_is_absolute_or_within_the_projects(directory: str, place: str | None) -> None:
    if place:
        assert oc.place(directory, "/p/", "") == place
    else:
        with pytest.raises(UsageError):
            oc.place(directory, "/p/", "")


def test_an_answer_is_a_label_a_number_or_words() -> None:
    asked = Waiting("que_1", "ses_1", "/w", "question", "Which?", (("Which?", ("Red", "Blue")),))
    given = [oc.answers(asked, [word])[0][0] for word in ("blue", "1", "3", "dark red")]
    assert given == ["Blue", "Red", "3", "dark red"]


def test_what_people_read_cannot_move_their_cursor(
    bl: Run, servers: tuple[Server, Server], tmp_path: Path, capsys: Any
) -> None:
    name = servers[0].add("/w/a", "\x1b[2Jevil\x1b]0;x\x07\nnew line")
    servers[0].message(name, "assistant", {"type": "text", "text": "one\n\x1b[31mtwo"}, use("\u202ea"))
    servers[0].ask(name, command="date\r\x1b[8m; rm -rf /")
    for words in (["status"], ["permissions"], ["messages", name], ["sessions"], ["diagnose", name]):
        main(["oc", *words, "-C", str(tmp_path)])
        said = capsys.readouterr().out
        assert name in said or "two" in said
        assert not set(said) & set("\x1b\x07\r\u202e")
