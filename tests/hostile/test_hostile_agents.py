"""Agents that do what no agent should: nothing is lost, and nothing is said that is not so."""

import pytest

from worlds import Task, World

DONE = "say done ok\nend\n"


def test_unknown_keys_are_kept_and_obeyed_by_nobody(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)))
    body = """make
printf '{"status": "done", "state": "failed", "accepted": 1, "level": "checked", "commit": "f00"}' \\
  > "$BRANCHLINE_EXIT_FILE"
end
"""
    assert world.execute(world.agent(body)).status == 0
    assert world.tip("out-1.2.txt") == "made by 1.2 1"
    world.check_laws()


@pytest.mark.parametrize(
    "record",
    [
        "not json",
        '{"status": "splendid"}',
        "[]",
        '{"summary": "done"}',
        "",
        '{"status": {"done": true}}',
        "\\377\\376\\000",
        '{"status": "done", "summary": "' + "x" * 70_000,
    ],
    ids=["words", "status", "list", "none", "empty", "object", "binary", "cut"],
)
def test_an_invalid_record_is_a_failure_that_says_so(world: World, record: str) -> None:
    world.plan(Task("1.1"))
    world.settings("retries = 0\n")
    result = world.execute(world.agent(f"make\nprintf '{record}' > \"$BRANCHLINE_EXIT_FILE\"\nend\n"))
    assert result.status == 4, result
    assert world.states() == {"1.1": "failed"}
    assert "record" in world.reasons()["1.1"]
    assert world.merges() == []
    world.check_laws()


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_a_record_that_is_no_file_is_not_read(world: World, kind: str) -> None:
    world.plan(Task("1.1"))
    world.settings("retries = 0\n")
    (world.folder / "secret.json").write_text('{"status": "done", "summary": "stolen"}')
    make = {"link": "ln -s '@SECRET@' ", "folder": "mkdir ", "fifo": "mkfifo "}[kind]
    make = make.replace("@SECRET@", str(world.folder / "secret.json"))
    result = world.execute(world.agent(f'make\n{make}"$BRANCHLINE_EXIT_FILE"\nend\n'), timeout=30)
    assert result.status == 4, result
    assert world.merges() == []
    world.check_laws()


def test_a_flood_of_output_is_kept_on_disk_and_out_of_the_way(world: World) -> None:
    world.plan(Task("1.1"))
    body = "make\nhead -c 9000000 /dev/zero | tr '\\000' 'x'\nhead -c 1000000 /dev/urandom\n" + DONE
    assert world.execute(world.agent(body)).status == 0
    log = world.root / ".branchline/runs/r1/1.1/1/output.log"
    assert log.stat().st_size >= 10_000_000
    assert (world.root / ".branchline/state.db").stat().st_size < 2_000_000
    world.run("logs", "1.1")
    world.check_laws()


def test_terminal_codes_of_an_agent_do_not_reach_the_terminal(world: World) -> None:
    world.plan(Task("1.1"))
    body = """make
printf '{"status": "blocked", "text": "\\\\u001b[2Jwhat\\\\u202e?"}' > "$BRANCHLINE_EXIT_FILE"
"""
    assert world.execute(world.agent(body)).status == 3
    for words in (("inbox",), ("status",), ("why", "1.1"), ("report",)):
        said = world.finish(world.start(*words))
        assert "\x1b" not in said.out, words
        assert "\u202e" not in said.out, words


def test_an_agent_that_deletes_its_worktree(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    before = world.checkout()
    body = (
        'if [ "$run" = "1.1 1" ]; then make; git add -A; git commit -qm w; rm -rf "$PWD"; end; exit 0; fi\nmake\n'
        + DONE
    )
    result = world.execute(world.agent(body))
    assert result.status == 0, result
    assert world.states() == {"1.1": "done", "2.1": "done"}
    assert world.salvaged("1.1", "out-1.1.txt") == ["made by 1.1 1"]
    assert world.checkout() == before
    world.check_laws()


@pytest.mark.parametrize("how", ["git checkout -q --detach", "git checkout -q -b mine", "git switch -q --orphan alone"])
def test_an_agent_that_leaves_its_branch(world: World, how: str) -> None:
    world.plan(Task("1.1"))
    before = world.checkout()
    result = world.execute(world.agent(f"{how}\nmake\ngit add -A\ngit commit -qm away\n{DONE}"))
    assert result.status in (0, 4), result
    if result.status == 0:
        assert world.tip("out-1.1.txt").startswith("made by 1.1")
    else:
        assert world.merges() == []
    assert world.tip("README.md") == "one line"
    assert world.checkout() == before
    world.check_laws()


def test_files_left_without_a_commit_are_work(world: World) -> None:
    world.plan(Task("1.1"))
    body = "make\nmkdir -p a/b\necho deep > a/b/deep.txt\nln -s deep.txt a/b/link\nprintf x > 'odd name'\n" + DONE
    assert world.execute(world.agent(body)).status == 0
    assert world.tip("a/b/deep.txt") == "deep"
    assert world.tip("odd name") == "x"
    world.check_laws()


@pytest.mark.parametrize("path", ["branchline.toml", "prompts/worker.md.j2", ".branchline/state.db", "pyproject.toml"])
def test_what_steers_us_needs_a_person(world: World, path: str) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    body = f"""if [ "$BRANCHLINE_TASK_ID" = 1.1 ]; then
mkdir -p "$(dirname '{path}')"; echo '# mine' > '{path}'; git add -f '{path}'; git commit -qm steer; fi
make
"""
    result = world.execute(world.agent(body + DONE))
    assert result.status == 3, result
    assert world.states() == {"1.1": "held", "2.1": "done"}
    assert path.split("/")[0] in world.reasons()["1.1"]
    assert world.tip(path) == ""
    world.check_laws()


def test_an_agent_that_moves_the_integration_branch_brings_nothing_in_unchecked(world: World) -> None:
    world.plan(Task("1.1", verify="false"), Task("2.1", after=()), Task("2.2", after=("2.1",)))
    before = world.checkout()
    body = """make
if [ "$BRANCHLINE_TASK_ID" = 1.1 ]; then
  git add -A; git commit -qm sneaky; git update-ref "refs/heads/branchline/$BRANCHLINE_RUN_ID/tip" HEAD
else sleep 0.5; fi
"""
    result = world.execute(world.agent(body + DONE))
    assert result.status != 0, result
    assert world.states()["1.1"] != "done"
    assert world.tip("out-1.1.txt") == "", "work that failed its check is on the integration branch"
    assert world.checkout() == before


def test_an_agent_that_deletes_our_refs(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"), Task("2.2", after=("1.1", "2.1")))
    before = world.checkout()
    body = """make
[ "$BRANCHLINE_TASK_ID" = 2.2 ] && git for-each-ref --format='delete %(refname)' refs/heads/branchline refs/branchline |
  grep -v task | git update-ref --stdin
"""
    result = world.execute(world.agent(body + DONE))
    assert result.status == 0, result
    assert world.checkout() == before
    world.check_laws()


def test_an_agent_that_kills_its_parent(world: World) -> None:
    """Its custodian dies with it: the attempt is lost, said to be lost, and tried again."""
    world.plan(Task("1.1"))
    body = 'make\nif [ "$BRANCHLINE_ATTEMPT" = 1 ]; then kill -9 $PPID; sleep 5; fi\n' + DONE
    result = world.execute(world.agent(body))
    assert result.status == 0, result
    assert world.started() == [("1.1", 1), ("1.1", 2)]
    assert world.salvaged("1.1", "out-1.1.txt") == ["made by 1.1 1"]
    world.check_laws()


def test_a_lock_left_in_git_by_an_agent_does_not_stop_the_others(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1", after=("1.1",)))
    body = 'make\n[ "$run" = "1.1 1" ] && touch "$(git rev-parse --git-dir)/index.lock"\n' + DONE
    result = world.execute(world.agent(body))
    assert result.status == 0, result
    world.check_laws()


def test_a_hook_of_an_agent_is_not_run_by_us(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)))
    body = f"""make
hooks="$(git rev-parse --git-common-dir)/hooks"; mkdir -p "$hooks"
for name in post-checkout pre-commit post-commit post-merge reference-transaction pre-merge-commit; do
  printf '#!/bin/sh\\ntouch {world.folder}/owned-by-us-$PPID\\n' > "$hooks/$name"; chmod +x "$hooks/$name"
done
"""
    result = world.execute(world.agent(body + DONE))
    assert result.status == 0, result
    assert not list(world.folder.glob("owned-by-us-*"))
    world.check_laws()


def test_an_agent_that_edits_the_test_it_is_judged_by_is_held(world: World) -> None:
    (world.root / "tests").mkdir()
    world.write("tests/test_part.sh", "test -s out-1.1.txt && test -s never.txt\n")
    world.plan(Task("1.1", verify="sh tests/test_part.sh"))
    result = world.execute(world.agent(f"make\necho true > tests/test_part.sh\n{DONE}"))
    assert result.status == 3, result
    (question,) = world.run("inbox").json["questions"]
    assert question["kind"] == "frozen_check"
    assert "tests/test_part.sh" in question["text"]
    assert world.run("evidence", "1.1").json["frozen"] == ["tests/test_part.sh"]
    assert world.merges() == []
    assert world.run("accept", "1.1").status == 0
    assert world.execute().status == 0
    found = world.run("evidence", "1.1").json
    assert (found["state"], found["accepted"], found["frozen"]) == ("done", True, ["tests/test_part.sh"])
    world.check_laws()


def test_a_liar_who_changed_nothing_is_not_believed_for_the_gate_alone(world: World) -> None:
    world.settings('[gate]\ncommands = ["true"]\n')
    world.plan(Task("1.1", verify=""))
    result = world.execute(world.agent(DONE))
    assert result.status == 3, result
    assert "changed nothing" in world.reasons()["1.1"]
    assert world.merges() == []
    world.check_laws()
