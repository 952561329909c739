"""report: words that say what the rows say, and no more."""

import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.money import Amount
from branchline.model.moves import TASK_MOVES
from branchline.model.run import LEFT_BEHIND, AttemptRow, Event, QuestionRow, RunRow, TaskRow
from branchline.report import (
    evidence,
    evidence_text,
    inbox,
    inbox_text,
    report,
    report_markdown,
    report_text,
    states,
    status,
    status_text,
    why,
    why_text,
)
from branchline.report.page import report_html
from branchline.report.standing import derived
from branchline.terminal.gantt import FILLS
from branchline.terminal.text import for_stream

HOSTILE = "\u202eexe\x1b[2J\n# <b>[x](y)</b>"
RUN = RunRow("r1", "plans/crm.md", "sha256:1", "running", "", "base", 1000.0, None, "{}", "{}")
DIGEST = "sha256:" + "0" * 64


def row(task: str, state: str = "pending", place: int = 0, **more: Any) -> TaskRow:
    base: dict[str, Any] = {"title": f"Title {task}", "kind": "atomic", "parent": None, "line": 1, "role": "build"}
    return TaskRow("r1", task, place, state=state, **(base | {"worker": "opencode"} | more))  # type: ignore[arg-type]


def event(kind: str, task: str | None = None, at: float = 1000.0, **more: Any) -> Event:
    return Event(at, "r1", kind, task=task, **more)


def check(command: str = "make check", code: int = 0) -> dict[str, Any]:
    tail = HOSTILE if code else ""
    found = {"command": command, "exit": code, "seconds": 2.0, "commit": "1a2b3c4d", "log": "x", "tail": tail}
    return found | {"log_digest": DIGEST, "source": "plan", "flaky": None, "first": None}


TASKS = [
    row("1", kind="composite", title="Contacts"),
    row("1.1", "done", 1, parent="1", evidence="checked", commit="1a2b3c4d5e6f", attempt=1),
    row("1.2", "running", 2, parent="1", attempt=2),
    row("1.3", "pending", 3, parent="1", reason="waits for 1.2 (running)"),
    row("2", place=4, kind="composite", title=HOSTILE),
    row("2.1", "blocked", 5, parent="2", attempt=1),
    row("2.2", "held", 6, parent="2", reason="unchecked: below the minimum"),
    row("3", "failed", 7, reason=f"its check failed: {HOSTILE}", attempt=2),
]
USED = Amount(0.42, 1200)
ATTEMPTS = [
    AttemptRow("r1", 0, "1.1", 1, "setup", "ended", exit=0, started=1000.0, ended=1001.0),
    AttemptRow("r1", 1, "1.1", 1, "work", "ended", worker="opencode", exit=0, tokens=1200, cost=0.25, started=1001.0),
    AttemptRow(
        "r1", 2, "3", 1, "work", "ended", worker="opencode", exit=1, started=1000.0, ended=1065.0, cause="crash"
    ),
    AttemptRow("r1", 3, "3", 2, "check", "ended", signal=9, started=1000.0, ended=1002.0, cost=0.17),
    AttemptRow("r1", 4, "1.2", 2, "work", "started", worker="opencode", started=1000.0),
]
QUESTIONS = [
    QuestionRow("r1", 2, "2.1", 1, "question", "Which one?", '["a", "b"]', "a", "tomorrow", 1002.0),
    QuestionRow("r1", 1, "2.2", 1, "unchecked", "Take it?", asked=1001.0),
    QuestionRow("r1", 3, "1.1", 1, "question", "Old?", asked=1000.0, answer="yes"),
]
DONE = {"level": "checked", "checks": [check()], "commit": "1a2b3c4d5e6f", "files": ["a.py"], "out_of_scope": ["b.py"]}
EVENTS = [
    event("merging", "1.1", data={"checks": [check("pytest", 0)]}, seq=1),
    event("done", "1.1", data=DONE, seq=2),
    event("retrying", "3", 1010.0, attempt=1, cause="its check failed", data={"checks": [check("pytest", 1)]}, seq=3),
    event("failed", "3", 1020.0, attempt=2, data={"salvage": "refs/branchline/salvage/r1/3/2"}, seq=4),
]


# states of composites


@pytest.mark.parametrize(
    ("children", "state"),
    [
        ([], "pending"),
        (["done", "done"], "done"),
        (["done", "skipped"], "done"),
        (["skipped"], "skipped"),
        (["running", "failed"], "failed"),
        (["blocked", "running"], "running"),
        (["blocked", "pending"], "blocked"),
        (["held", "done"], "held"),
        (["merging", "pending"], "running"),
        (["retrying", "pending"], "retrying"),
        (["cancelled", "done"], "cancelled"),
        (["cancelled", "pending"], "pending"),
        (["ready", "pending"], "pending"),
    ],
)
def test_derived(children: list[str], state: str) -> None:
    assert derived(children) == state
    assert derived(reversed(children)) == state


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(sorted(TASK_MOVES)), max_size=6))
def test_a_composite_is_done_only_when_nothing_below_is_left(children: list[str]) -> None:
    assert derived(children) in TASK_MOVES
    assert (derived(children) in ("done", "skipped")) == (bool(children) and set(children) <= {"done", "skipped"})
    assert derived([derived(children)]) == derived(children)


def test_states_go_up_through_composites_in_any_order_of_rows() -> None:
    rows = [
        row("1", kind="composite"),
        row("1.1", kind="composite", parent="1"),
        row("1.1.1", "running", parent="1.1"),
        row("1.2", "done", parent="1"),
    ]
    for tasks in (rows, rows[::-1]):
        assert states(tasks) == {"1": "running", "1.1": "running", "1.1.1": "running", "1.2": "done"}


def test_a_composite_that_the_plan_has_lost_says_so() -> None:
    rows = [row("1", "cancelled", kind="composite", reason=LEFT_BEHIND), row("1.1", "done")]
    assert states(rows) == {"1": "cancelled", "1.1": "done"}
    assert f"cancelled: {LEFT_BEHIND}" in status_text(status(RUN, rows))
    assert why(rows[0], [], (), (), rows)["reason"] == LEFT_BEHIND


def test_rows_that_are_each_others_parents_still_end() -> None:
    rows = [row("1", kind="composite", parent="2"), row("2", kind="composite", parent="1")]
    assert states(rows) == {"1": "pending", "2": "pending"}


# status


def test_status_has_the_keys_scripts_rely_on() -> None:
    found = json.loads(json.dumps(status(RUN, TASKS, USED, QUESTIONS, 4)))
    assert {"run", "state", "tasks", "slots", "spent"} <= found.keys()
    assert found["slots"] == {"used": 1, "total": 4}
    assert found["spent"] == {"usd": 0.42, "tokens": 1200}
    wanted = {"id", "title", "kind", "state", "reason", "attempt", "worker", "evidence"}
    assert all(wanted <= task.keys() for task in found["tasks"])
    by_id = {task["id"]: task for task in found["tasks"]}
    assert by_id["1"]["state"] == "running"
    assert by_id["2"]["state"] == "blocked"
    assert by_id["2.1"]["reason"] == "Which one?"
    assert by_id["2"]["title"] == HOSTILE


def test_status_in_words() -> None:
    shown = status_text(status(RUN, TASKS, USED, QUESTIONS, 4, coordinator=7))
    assert shown.split("\n") == [
        "plans/crm.md  run r1  running",
        "1 of 6 done, 1 blocked, 1 failed, 1 held, 1 pending, 1 running",
        "slots 1 of 4 used; $0.42, 1,200 tokens",
        "",
        "▶ 1 Contacts",
        "├─ ✓ 1.1 Title 1.1  (checked)",
        "├─ ▶ 1.2 Title 1.2",
        "│     running, opencode, attempt 2",
        "└─ · 1.3 Title 1.3",
        "      waits for 1.2 (running)",
        "? 2 \\u202eexe\\x1b[2J\\x0a# <b>[x](y)</b>",
        "├─ ? 2.1 Title 2.1",
        "│     blocked: Which one?",
        "└─ ! 2.2 Title 2.2",
        "      held: unchecked: below the minimum",
        "✗ 3 Title 3",
        "   failed, attempt 2: its check failed: \\u202eexe\\x1b[2J\\x0a# <b>[x](y)</b>",
    ]


def test_status_says_that_nobody_drives_a_run_which_could_go_on() -> None:
    nobody = "no coordinator is at work: the next `branchline execute` or `pulse` goes on"
    assert nobody in status_text(status(RUN, TASKS))
    assert nobody not in status_text(status(RUN, [row("1", "done"), row("2", "blocked")]))


def test_status_in_colour_and_ascii() -> None:
    found = status(RUN._replace(state="paused", reason="no budget"), TASKS)
    assert "\x1b[33mpaused\x1b[0m: no budget" in status_text(found, on=True)
    assert for_stream(status_text(found), io.TextIOWrapper(io.BytesIO(), "ascii")).isascii()


def test_a_run_without_tasks_has_a_status() -> None:
    assert status_text(status(RUN, [])).startswith("plans/crm.md  run r1  running\n0 of 0 done\n")


def test_status_never_claims_evidence_it_has_not() -> None:
    assert "(no evidence recorded)" in status_text(status(RUN, [row("1", "done")]))


# why


def test_why_a_task_waits() -> None:
    found = why(TASKS[3], EVENTS, ATTEMPTS, QUESTIONS)
    assert found["reason"] == "waits for 1.2 (running)"
    assert why_text(found, 1100.0) == "1.3 Title 1.3\n  pending: waits for 1.2 (running)"


def test_why_a_task_failed() -> None:
    found = json.loads(json.dumps(why(TASKS[7]._replace(changed=1020.0), EVENTS, ATTEMPTS, QUESTIONS)))
    assert found["since"] == 1020.0
    assert [entry["kind"] for entry in found["history"]] == ["retrying", "failed"]
    assert why_text(found, 1100.0).split("\n") == [
        "3 Title 3",
        "  failed, for 1m 20s: its check failed: \\u202eexe\\x1b[2J",
        "    # <b>[x](y)</b>",
        "",
        "attempts:",
        "  1 work by opencode, ended with exit 1 after 1m 05s: crash",
        "  2 check, ended by signal 9 after 2s",
        "",
        "history:",
        "  1m 30s ago  retrying (attempt 1): its check failed",
        "  1m 20s ago  failed (attempt 2)",
        "",
        "next:",
        "  branchline logs 3",
        '  branchline retry 3 --note "..."    (another agent: --worker NAME)',
        "  branchline take-over 3",
        "  branchline skip 3",
    ]


def test_why_a_task_is_blocked_names_the_answer() -> None:
    found = why(TASKS[5], EVENTS, ATTEMPTS, QUESTIONS)
    assert found["reason"] == "it asks: Which one?"
    assert found["next"] == ['branchline answer 2.1 "..."']


def test_why_of_a_composite_comes_from_below() -> None:
    found = why(TASKS[0], EVENTS, (), (), TASKS)
    assert found["state"] == "running"
    assert found["reason"] == "1 of 3 below it are done; left: 1.2 running, 1.3 pending"
    assert found["next"] == []


@pytest.mark.parametrize("state", sorted(TASK_MOVES))
def test_every_state_says_why(state: str) -> None:
    found = why(row("1", state), [], [], [])
    assert found["reason"]
    assert why_text(found, 0.0)


# evidence and inbox


def test_evidence_is_what_the_done_event_carries() -> None:
    found = json.loads(json.dumps(evidence(TASKS[1], EVENTS)))
    assert found["level"] == "checked"
    assert found["checks"] == [{key: value for key, value in check().items() if key != "log"}]
    assert (found["commit"], found["files"], found["out_of_scope"]) == ("1a2b3c4d5e6f", ["a.py"], ["b.py"])
    assert evidence_text(found).split("\n") == [
        "1.1: done, checked at commit 1a2b3c4d5e6f",
        "  $ make check",
        "    exit 0 in 2s on 1a2b3c4d",
        f"    log {DIGEST}",
        "  changed: a.py",
        "  outside the task's scope: b.py",
    ]


def test_a_task_that_is_not_done_has_no_level() -> None:
    found = evidence(TASKS[7]._replace(evidence="checked"), EVENTS)
    assert found["level"] == ""
    assert found["checks"][0]["exit"] == 1
    assert evidence_text(found).startswith("3: failed, so nothing is proved of a merged result\n  $ pytest\n    exit 1")
    assert "    | " in evidence_text(found)
    found["checks"][0]["tail"] = ""
    assert "    | " not in evidence_text(found), "it printed nothing"


def test_what_a_worker_asks_on_several_lines_is_told_on_one_in_a_report() -> None:
    found = report(RUN, TASKS, questions=[QUESTIONS[0]._replace(text="Which?\n1. red\n2. blue")])
    assert "\n  2.1: Which? 1. red 2. blue\n" in report_text(found)
    assert "\n- **2.1** Which? 1. red 2. blue\n" in report_markdown(found)


def test_evidence_of_a_reopened_task_is_not_the_old_one() -> None:
    found = evidence(TASKS[1]._replace(state="pending"), [event("done", "1.1", data=DONE)])
    assert (found["level"], found["checks"], found["commit"]) == ("", [], "")


def test_odd_records_of_checks_claim_nothing() -> None:
    found = evidence(TASKS[1], [event("done", "1.1", data={"checks": [{"command": "make"}, "odd"]})])
    assert found["checks"][0]["exit"] is None
    assert "exit not recorded" in evidence_text(found)
    assert evidence_text(evidence(TASKS[1], [])).endswith("no check was recorded")


def test_inbox_holds_open_questions_oldest_first() -> None:
    found = inbox(QUESTIONS)
    assert [question["task"] for question in found["questions"]] == ["2.2", "2.1"]
    assert found["questions"][1] == {
        "run": "r1",
        "task": "2.1",
        "kind": "question",
        "text": "Which one?",
        "options": ["a", "b"],
        "default": "a",
        "deadline": "tomorrow",
        "asked": 1002.0,
        "waits": [],
    }
    assert inbox_text(found, "r1").split("\n") == [
        "2.2  unchecked",
        "  Take it?",
        "  what it did and said: branchline evidence 2.2",
        "  branchline accept 2.2    (or: branchline retry 2.2)",
        "",
        "2.1  question",
        "  Which one?",
        "    1. a  (default)",
        "    2. b",
        "  deadline: tomorrow",
        '  branchline answer 2.1 "..."    (or: --option N)',
    ]


def test_an_empty_inbox_says_so_and_odd_options_do_no_harm() -> None:
    assert "empty" in inbox_text(inbox([]), "")
    odd = QuestionRow("r1", 1, "1", 1, "permission", HOSTILE, "{not json", "zz")
    shown = inbox_text(inbox([odd]), "r1")
    assert "\x1b" not in shown
    assert "default: zz" in shown
    assert "always, reject" in shown


# the report


def test_report_counts_only_what_rows_say() -> None:
    found = json.loads(json.dumps(report(RUN, TASKS, ATTEMPTS, QUESTIONS, EVENTS, gate=["make check"], now=1100.0)))
    assert [task["id"] for task in found["done"]] == ["1.1"]
    assert [task["id"] for task in found["incomplete"]] == ["1.2", "1.3"]
    assert [[task["id"] for task in found[group]] for group in ("failed", "blocked", "held")] == [
        ["3"],
        ["2.1"],
        ["2.2"],
    ]
    assert found["gate"] == {"commands": ["make check"], "run": True, "passed": True}
    assert (found["attempts"], found["elapsed"], found["tip"]) == (4, 100.0, "branchline/r1/tip")
    assert found["salvage"] == ["refs/branchline/salvage/r1/3/2"]


def test_report_in_words() -> None:
    found = report(RUN, TASKS, ATTEMPTS, QUESTIONS, EVENTS, gate=["make check"], now=1100.0)
    assert report_text(found).split("\n") == [
        "plans/crm.md  run r1",
        "state: running",
        "done: 1 of 6 tasks (1 checked)",
        "gate: passed on the last merged result",
        "attempts: 4; $0.42, 1,200 tokens; elapsed: 1m 40s so far",
        "",
        "Done",
        "  1.1 Title 1.1  (checked, 1a2b3c4, 1 file outside its scope)",
        "",
        "Failed",
        "  3 Title 3: failed, its check failed: \\u202eexe\\x1b[2J\\x0a# <b>[x](y)</b>",
        "",
        "Blocked",
        "  2.1 Title 2.1: blocked, no reason recorded",
        "",
        "Held",
        "  2.2 Title 2.2: held, unchecked: below the minimum",
        "",
        "Incomplete",
        "  1.2 Title 1.2: running",
        "  1.3 Title 1.3: waits for 1.2 (running)",
        "",
        "Open questions (branchline inbox)",
        "  2.2: Take it?",
        "  2.1: Which one?",
        "",
        "The merged work is on branchline/r1/tip; branchline land brings it to your branch.",
        "Work that was not merged is kept under 1 salvage ref (branchline salvage list):",
        "  refs/branchline/salvage/r1/3/2",
    ]


def test_commands_name_the_run_that_they_would_not_speak_of_by_themselves() -> None:
    found = report(RUN._replace(state="done"), TASKS, [], QUESTIONS, EVENTS, newest=False)
    assert "branchline land --run r1 brings it" in report_text(found)
    assert "branchline inbox --run r1" in report_text(found)
    by_state = (row("1", state) for state in sorted(TASK_MOVES))
    told = [command for task in by_state for command in why(task, [], newest=False)["next"]]
    assert told
    assert all("--run r1" in command for command in told)
    asked = inbox_text(inbox(QUESTIONS), "r2")
    assert all("--run r1" in line for line in asked.splitlines() if "branchline " in line)


def test_report_in_markdown_is_no_markup_of_others() -> None:
    shown = report_markdown(report(RUN, TASKS, ATTEMPTS, QUESTIONS, EVENTS))
    assert shown.startswith("# Report of plans/crm.md\n\nRun `r1`.\n\n- state: running\n")
    assert "\\\\u202eexe\\\\x1b\\[2J\\\\x0a\\# \\<b\\>\\[x\\](y)\\</b\\>" in shown
    assert "\n- **1.1** Title 1.1 (checked, 1a2b3c4, 1 file outside its scope) [evidence](#evidence-of-11)\n" in shown
    assert "\n### Evidence of 1.1\n\n- checked, 1a2b3c4, 1 file outside its scope\n- exit 0: make check\n" in shown


@pytest.mark.parametrize(
    ("gate", "checks", "words"),
    [
        ([], [check()], "none is known"),
        (["make check"], [check("pytest")], "not run on the last merged result"),
        (["make check"], [check("make check", 1)], "failed on the last merged result"),
        (["make check", "lint"], [check()], "not run on the last merged result"),
    ],
)
def test_the_gate_is_said_to_have_run_only_when_it_did(gate: list[str], checks: list[Any], words: str) -> None:
    events = [
        event("done", "1.1", data={"checks": [check(), check("lint")]}),
        event("done", "1.1", data={"checks": checks}),
    ]
    assert f"gate: {words}" in report_text(report(RUN, TASKS, events=events, gate=gate))


def test_work_in_place_says_that_nothing_was_isolated() -> None:
    found = report(RUN._replace(ended=1060.0, state="done"), [row("1", "done", evidence="unchecked")], in_place=True)
    shown = report_text(found)
    assert "Nothing was isolated" in shown
    assert "tip" not in shown
    assert "elapsed: 1m 00s" in shown
    assert "so far" not in shown
    assert "no cost recorded" in shown


def test_a_run_that_merged_nothing_says_so() -> None:
    shown = report_text(report(RUN, [row("1", "cancelled"), row("2", "skipped", reason="not wanted")]))
    assert "Nothing was merged." in shown
    assert "elapsed: not known" in shown
    assert "Cancelled or skipped\n  1 Title 1: cancelled, no reason recorded\n  2 Title 2: skipped, not wanted" in shown


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=30), st.sampled_from(sorted(TASK_MOVES)))
def test_no_text_of_others_reaches_the_terminal_raw(text: str, state: str) -> None:
    tasks = [row("1", state, title=text, reason=text, worker=text, commit=text, evidence=text)]
    events = [event(state, "1", cause=text, data={"level": text, "checks": [{"command": text}], "files": [text]})]
    asked = [QuestionRow("r1", 1, "1", 1, text, text, json.dumps([text]), text, text)]
    run = RUN._replace(reason=text, plan=text)
    shown = [
        status_text(status(run, tasks, questions=asked)),
        why_text(why(tasks[0], events, (), asked), 0.0),
        evidence_text(evidence(tasks[0], events)),
        inbox_text(inbox(asked), ""),
        report_text(report(run, tasks, (), asked, events)),
        report_markdown(report(run, tasks, (), asked, events)),
    ]
    assert not {char for page in shown for char in page} & set(map(chr, (*range(10), *range(11, 32), *range(127, 160))))


HEAVY = ("rich", "dataclasses", "networkx", "yaml", "inspect")


def test_status_imports_nothing_heavy() -> None:
    code = f"import sys, branchline.report; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "[]\n"


# ---- the page

ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "ul",
        "li",
        "p",
        "b",
        "br",
        "table",
        "tr",
        "th",
        "td",
    ),
    *("a", "div", "svg", "path", "rect", "text", "details", "summary", "pre"),
}


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and all the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def page(tasks: list[Any], before: dict[str, list[str]], questions: Any = QUESTIONS) -> str:
    found = report(RUN, tasks, ATTEMPTS, questions, EVENTS)
    proofs = {task.task: evidence(task, EVENTS) for task in tasks if task.kind != "composite"}
    return report_html(found, tasks, before, ATTEMPTS, questions, proofs, now=2000.0)


def test_the_page_holds_no_markup_of_others_and_fetches_nothing() -> None:
    evil = "</svg><script src=//x>alert(1)</script>\" onload='x"
    tasks = [row("1", "failed", title=evil, reason=evil), *TASKS[1:]]
    shown = Tags(page(tasks, {"1.2": ["1.1"]}, [QuestionRow("r1", 1, evil, 1, "question", evil, answer=evil)]))
    assert {tag for tag, _ in shown.tags} <= ALLOWED
    links = [value or "" for _, given in shown.tags for name, value in given.items() if name in ("src", "href")]
    assert all(link.startswith("#e-") for link in links)
    assert not any(name.startswith("on") for _, attributes in shown.tags for name in attributes)
    assert evil in "".join(shown.said)
    assert "Content-Security-Policy" in str(shown.tags[3])


def test_the_page_draws_what_was_run_and_says_what_proves_it() -> None:
    shown = Tags(page(TASKS, {"1.2": ["1.1"], "1.3": ["1.2"], "3": ["1.1", "1.3"]}))
    said = "".join(shown.said)
    boxes = [a for tag, a in shown.tags if tag == "rect" and a["height"] == "24"]
    assert [int(a["x"] or 0) // 190 for a in boxes] == [0, 1, 2, 0, 0, 3], "columns by the longest way"
    assert len({(a["x"], a["y"]) for a in boxes}) == len(boxes), "no box lies on another"
    assert sum(tag == "path" for tag, _ in shown.tags) == 4
    bars = [a for tag, a in shown.tags if tag == "rect" and a["height"] == "14"]
    assert [a["fill"] for a in bars] == [FILLS[part] for part in ("setup", "work", "work", "work", "check")], "by task"
    assert all(float(a["x"] or 0) >= 220 and float(a["width"] or 0) > 0 for a in bars)
    for words in ("1 of 6 tasks", "exit 0 on 1a2b3c4d", DIGEST, "Which one?", "not answered", "answered: yes"):
        assert words in said
    assert {a["href"] for tag, a in shown.tags if tag == "a"} == {
        f"#{a['id']}" for tag, a in shown.tags if tag == "details"
    }


def test_too_many_tasks_are_not_drawn() -> None:
    many_tasks = [row(f"1.{n}", place=n) for n in range(401)]
    shown = page(many_tasks, {f"1.{n + 1}": [f"1.{n}"] for n in range(400)})
    assert "<svg" not in shown
    assert shown.count("401 tasks are too many to draw") == 2
