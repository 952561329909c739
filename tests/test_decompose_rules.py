"""Atomic or composite by rules: own texts, the development corpus where it is, and laws over all phrasings of a list."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.cli import main
from branchline.decompose.classify import classify, split
from branchline.decompose.goal import plan_of_goal

EXAMPLES = int(60 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1")))
ATOMIC = """\
Fix typos in README, CONTRIBUTING, and docs
Rename foo, bar, and baz to snake_case
Support JSON, YAML, and TOML in the config loader
Write documentation for install, usage, and FAQ
Create a login form with email, password, and remember-me fields
Add a Dockerfile with build, test, and release stages
Create an endpoint that lists, creates, and deletes users
Implement login, logout, and session refresh in the auth module
Build a parser with good error messages, tests, and docs
Search, filter, and sort the products
Fix the bug, then add a test
Read the file, then parse it, then print it
Fix login\\n- clear the cookie\\n- redirect to home
Fix the crash: 1. reproduce 2. bisect 3. patch
When the user logs in, show a banner, and log it
Login page broken, users cannot sign in, see ticket 12
Migrate users, orders, and invoices to Postgres
fix: handle null, undefined, and NaN
Add drag and drop, copy and paste, and undo to the editor
Implement rate limiting with per-user, per-IP, and global limits
Write a function that takes a name, an age, and an email
Make the header sticky, the footer fixed, and the sidebar collapsible
Add a red, a green and a blue button
Implement OAuth login (Google, GitHub, and Apple)
Add a `--verbose` flag, a `--quiet` flag, and a `--json` flag
Implement binary search, including edge cases for empty, single, and duplicate arrays
Create a class User with attributes id, name, and email
Build the form, validate it, and submit it
Create a sync job -- reads contacts, calendars, and tasks
Add type check (`tsc`) and build verification (`vite build`) steps
Behebe den Fehler in Anmeldung, Registrierung und Logout
Erstelle eine Funktion, die Namen, Alter und Adresse liest
Mettre à jour les dépendances, les tests et la documentation
修复登录、注册和支付的错误
Build login and registration
"""
COMPOSITE = """\
Set up CI pipeline, write docs, and create landing page
First create the schema, then the API, finally the UI
Build: a) login b) registration c) billing
Develop: (1) ingestion service (2) query API (3) dashboard
Build the following:\\n* login\\n* registration
1. login\\n2. registration\\n3. billing
Build an online shop including catalog, cart, checkout, and admin panel
Build a blog platform consisting of editor, comments, and feed
Migrate the database and rewrite the API and redesign the frontend
Build user auth. Build billing. Build search.
Build APIs for users, orders and payments
Create a CLI, a library, and a daemon in Rust
Create login; create billing
Implement search + billing + notifications
Please implement a chat, a forum, and a wiki
As a user, I want login, registration, and password reset
feat: add search, billing, and notifications
Authentication, billing, and notifications
Add an admin panel with user management, audit log, and billing
After the API is done, build the web client, the mobile client, and the CLI
Build A/B testing, feature flags, and remote config
Build Slack integration, GitHub integration, and Jira integration
Crear login, registro y pagos
Créer la connexion, l'inscription et la facturation
Разработать каталог, корзину и оплату
构建用户服务、订单服务和支付服务
"""


def texts(kind: str, lines: str) -> list[Any]:
    return [pytest.param(line.replace("\\n", "\n"), kind, id=line) for line in lines.splitlines()]


@pytest.mark.parametrize(("text", "kind"), texts("atomic", ATOMIC) + texts("composite", COMPOSITE))
def test_what_is_one_piece_of_work_and_what_enumerates_several(text: str, kind: str) -> None:
    found = classify(text)
    assert (found.kind, bool(split(text))) == (kind, kind == "composite"), found.reasoning
    assert classify(text, depth=3).kind == "atomic"


def corpus() -> dict[str, Any]:
    paths = [Path(__file__).parents[up] / "shared" / "corpus" / "classify.json" for up in (2, 3)]
    found = next((path for path in paths if path.exists()), None)
    return json.loads(found.read_text()) if found else {}  # type: ignore[no-any-return]


CORPUS = corpus()
absent = pytest.mark.skipif(not CORPUS, reason="the development corpus is not beside the repository")


@absent
@pytest.mark.corpus
def test_corpus_kinds() -> None:
    wrong = [each for each in CORPUS["cases"] if classify(each["text"]).kind != each["kind"]]
    assert wrong == []


@absent
@pytest.mark.corpus
def test_corpus_parts() -> None:
    for case in CORPUS["decompose"]:
        parts = split(case["text"])
        assert len(parts) == len(case["items"])
        assert all(item in part.title for item, part in zip(case["items"], parts, strict=True))
        assert [[b, a] for a, part in enumerate(parts) for b in part.after] == case["edges"]


WORDS = st.lists(
    st.from_regex(r"[b-df-hj-np-tv-z][aou][b-df-hj-np-tv-z]{1,2}o[mrk]a", fullmatch=True),
    min_size=3,
    max_size=25,
    unique=True,
)
FORMS = {
    "oxford": lambda items: f"Build {', '.join(items[:-1])}, and {items[-1]}",
    "comma": lambda items: f"Build {', '.join(items[:-1])} and {items[-1]}",
    "chain": lambda items: f"Build {' and '.join(items)}",
    "with": lambda items: f"Build a platform with {', '.join(items[:-1])}, and {items[-1]}",
    "semicolons": lambda items: "; ".join(f"build {item}" for item in items),
    "bullets": lambda items: "Build the following\n" + "\n".join(f"- {item}" for item in items),
    "numbers": lambda items: "Build it: " + " ".join(f"{number}. {item}" for number, item in enumerate(items, 1)),
    "articles": lambda items: f"Create {', '.join(f'a {item}' for item in items[:-1])}, and a {items[-1]} in the core",
}


@settings(deadline=None, max_examples=EXAMPLES)
@given(WORDS, st.sampled_from(sorted(FORMS)))
def test_no_item_is_ever_dropped_or_added(items: list[str], form: str) -> None:
    text = FORMS[form](items)
    parts = split(text)
    assert classify(text).kind == "composite"
    assert len(parts) == len(items)
    assert all(part.title.endswith((item, f"{item} in the core")) for item, part in zip(items, parts, strict=True))


@settings(deadline=None, max_examples=EXAMPLES)
@given(WORDS)
def test_then_is_an_edge_from_all_of_one_stage_to_all_of_the_next(items: list[str]) -> None:
    last = items.pop()
    parts = split(f"Build {', '.join(items)}, then {last}" if len(items) > 2 else f"Build {items[0]}, then {last}")
    assert parts[-1].after == tuple(range(len(parts) - 1))
    assert all(part.after == () for part in parts[:-1])


@pytest.mark.parametrize("ways", [("{} then", "{}"), ("{}", "Then {}"), ("{}, and then,", "after that, {}")])
@pytest.mark.parametrize("form", ["Ship it: 1) {} 2) {} 3) {} 4) {}", "Ship it:\n- {}\n- {}\n- {}\n- {}"])
def test_then_between_clauses_with_a_mark_of_their_own_is_an_edge_and_no_word_of_a_title(
    form: str, ways: tuple[str, str]
) -> None:
    before, behind = ways[0].format("a search page"), ways[1].format("a mail sender")
    parts = split(form.format("a cart page", before, behind, "a sales report"))
    assert [part.title.split()[-1] for part in parts] == ["page", "page", "sender", "report"]
    assert [part.title.lower().count("then") for part in parts] == [0] * 4
    assert [part.after for part in parts] == [(), (), (0, 1), (0, 1)]


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    found = classify(text)
    assert (found.kind == "composite") == (len(split(text)) >= 2)
    assert 0 <= found.confidence <= 1
    assert found.reasoning


@pytest.mark.parametrize(
    "piece", ["a, ", " and ", "(", "1. x ", "- x\n", "then ", "\n", "  ", "`", ": ", "build x; ", "x" * 50]
)
def test_long_texts_cost_what_they_are_long(piece: str) -> None:
    def took(length: int) -> float:
        began = time.process_time()
        classify("Build " + piece * (length // len(piece)))
        return time.process_time() - began

    # The least of three: the process has a heap whose collection may fall into any of them.
    short, long = (min(took(length) for _ in range(3)) for length in (10_000, 40_000))
    assert long < 8 * short + 0.2


def test_two_words_for_one_thing_stay_together() -> None:
    parts = split("Build search and replace and undo and redo and spell checking")
    assert [part.title for part in parts] == ["Build search and replace", "Build undo and redo", "Build spell checking"]


def test_a_list_of_what_others_do_is_no_list_of_deliverables() -> None:
    text = "Build login, registration and billing"
    others = "TASK LINEAGE:\n0. [parent] A shop (t1)\n  1. Login (t1.1)\n  2. Registration (t1.2)\n"
    block = f"{others}  3. {text} (t1.3) <-- THIS TASK"
    assert classify(text).kind == "composite"
    assert classify(text, block, 1).kind == "atomic"


def test_a_goal_becomes_a_plan_of_its_parts() -> None:
    plan = plan_of_goal("Build the API and CLI and web UI, then write the docs\nfor the shop")
    assert [(task.id, task.parent, task.kind) for task in plan.tasks] == [
        ("1", None, "composite"),
        *((f"1.{n}", "1", "atomic") for n in (1, 2, 3, 4)),
    ]
    assert [(edge.before, edge.after, edge.kind) for edge in plan.edges] == [
        (f"1.{n}", "1.4", "written") for n in (1, 2, 3)
    ]
    assert plan.tasks[0].body == "for the shop"
    assert len(plan_of_goal("Build a, b and c", 0).tasks) == 1


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--json", "-C", str(tmp_path), "--", "- Build login, registration and OAuth"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["kind"]) == (True, "composite")
    assert main(["decompose", "--text", "Build login, registration and OAuth", "--json", "-C", str(tmp_path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [task["title"] for task in said["tasks"][1:]] == ["Build login", "Build registration", "Build OAuth"]
    assert (said["graph"], list(tmp_path.iterdir())) == (None, [])
    (tmp_path / "TODO.md").write_text(
        "- [ ] t1 Build login, registration and OAuth\n  - [ ] t1.1 login\n- [ ] t2 Other\n"
    )
    for task, kind in (("t1", "atomic"), ("t2", "composite")):
        words = ["classify", "Build login, registration and OAuth", "--task-id", task]
        assert main([*words, "--json", "-C", str(tmp_path)]) == 0
        assert json.loads(capsys.readouterr().out)["kind"] == kind
    (tmp_path / "branchline.toml").write_text("[decompose]\nenabled = false\n")
    assert main(["classify", "Build login, registration and OAuth", "-C", str(tmp_path)]) == 0
    assert "nothing is split while decompose.enabled is false" in capsys.readouterr().out
    for words in (
        ["classify", " "],
        ["decompose"],
        ["decompose", "x.md", "--text", "y"],
        ["classify", "a", "--depth", "-1"],
    ):
        assert main([*words, "-C", str(tmp_path)]) == 2
        capsys.readouterr()
