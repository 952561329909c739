"""`execute --inline`: one session of one agent does all tasks in the checkout, one after the other."""

import json

import pytest

from worlds import Task, World

AGENT = """#!/bin/sh
cat > /dev/null
[ "$1" = run ] || exit 0
echo "$BRANCHLINE_TASK_ID $HOME $PWD $*" >> '@SEEN@'
echo "made by $BRANCHLINE_TASK_ID" > "out-$BRANCHLINE_TASK_ID.txt"
echo '{"type":"text","sessionID":"ses_1","part":{"messageID":"m","text":"It is done."}}'
echo '{"type":"step_finish","sessionID":"ses_1","part":{"messageID":"m","reason":"stop"}}'
"""
"""It speaks as OpenCode does."""


@pytest.fixture
def inline(world: World) -> World:
    agent = world.folder / "opencode"
    agent.write_text(AGENT.replace("@SEEN@", str(world.folder / "seen")))
    agent.chmod(0o755)
    gate = f"test $(ls out-*.txt | wc -l) -eq 3 && echo gate >> {world.folder}/gate"
    world.settings(
        f'worker = "opencode"\nstagger = "0s"\n[workers.opencode]\nargv = ["{agent}"]\n[gate]\ncommands = ["{gate}"]'
    )
    world.plan(Task("1.1"), Task("1.2"), Task("2.1"))
    return world


def test_one_session_does_all_tasks_and_the_gate_runs_after_the_last(inline: World) -> None:
    result = inline.run("execute", "plan.md", "--yes", "--inline")
    assert result.status == 0, result
    assert set(inline.states().values()) == {"done"}
    seen = [line.split() for line in (inline.folder / "seen").read_text().splitlines()]
    assert [words[0] for words in seen] == ["1.1", "1.2", "2.1"]
    assert ["-s" in words for words in seen] == [False, True, True]
    assert all(words[words.index("-s") + 1] == "ses_1" for words in seen[1:])
    assert {words[1] for words in seen} == {seen[0][1]}, "one HOME, for the session lies in it"
    assert {words[2] for words in seen} == {str(inline.root)}
    assert (inline.folder / "gate").read_text().count("gate") == 1
    last = inline.run("evidence", "2.1").json
    assert [check["exit"] for check in last["checks"]] == [0, 0]
    assert json.dumps(inline.run("prompt", "1.2").json).count("Rules of conduct") == 1, "each task is told in full"


def test_many_at_once_are_refused(inline: World) -> None:
    result = inline.run("execute", "plan.md", "--yes", "--inline", "-j", "2")
    assert (result.status, result.json["code"]) == (2, "E_USAGE")
    assert "--inline" in result.json["error"]


def test_what_a_role_says_reaches_its_worker(inline: World) -> None:
    told = '[roles.build]\ntemperature = 0.2\ninstructions = ["docs/style.md"]\nfiles = ["docs/map.md"]\n'
    inline.settings((inline.root / "branchline.toml").read_text() + "\n" + told)
    assert inline.run("execute", "plan.md", "--yes", "--inline").status == 0
    config = json.loads((inline.root / ".branchline/runs/r1/1.1/1/opencode.json").read_text())
    assert config["agent"]["build"]["temperature"] == 0.2
    page = inline.run("prompt", "1.1").json["prompt"]
    assert "- `docs/style.md`" in page.partition("Read these instruction files")[2]
    assert "- `docs/map.md`" in page.partition("Also mentioned, for reading")[2]


def test_what_the_worker_would_not_obey_starts_nothing(inline: World) -> None:
    inline.settings('[roles.build]\nreads = ["*.md"]\n')
    refused = inline.run("execute", "plan.md", "--yes", "--worker", "scripted")
    assert (refused.status, "cannot be kept from reading" in refused.json["error"]) == (2, True), refused
    inline.settings("[roles.build]\ntemperature = 0.2\n")
    result = inline.execute(inline.agent("make\nsay done ok\n"))
    assert (result.status, inline.started()) == (2, [])
    assert "[roles.build]" in result.json["error"]
