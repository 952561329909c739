"""Limits from outside: memory, staggered starts, a provider that is in trouble; each wait with its reason."""

import itertools
import json
import time

import pytest

from worlds import Task, World

WAITING = 'make\nwhile [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.05; done\nsay done ok\nend\n'
HONEST = "make\nsay done ok\nend\n"
BEGIN = ("execute", "plan.md", "--yes", "--worker", "opencode")
THREE = (Task("1.1"), Task("1.2"), Task("1.3"))


def test_the_memory_rule_gives_at_least_one_worker_and_says_so(world: World) -> None:
    world.plan(*THREE)
    process = world.start(
        "execute", "plan.md", "--yes", "--json", "--worker", world.agent(WAITING), RAM_RESERVE_MB="9000000"
    )
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: world.reasons().get("1.2", "").startswith("memory: 1 of 1 used ("), "the reason")
    assert len(world.started()) == 1
    said = world.run("why", "1.3").json["reason"]
    assert "9000000 MB are kept back" in said
    (world.folder / "go").touch()
    assert world.finish(process).status == 0
    ends = [line.at for line in world.ledger() if line.what == "end"]
    starts = [line.at for line in world.ledger() if line.what == "start"]
    assert all(start > end for start, end in zip(starts[1:], ends, strict=False)), "never two at once"
    world.check_laws()


def test_the_cap_of_workers_is_the_seeds(world: World) -> None:
    world.plan(*THREE)
    process = world.start(
        "execute", "plan.md", "--yes", "--json", "-j", "8", "--worker", world.agent(WAITING), MAX_WORKERS_CAP="2"
    )
    world.until(lambda: len(world.started()) == 2, "two agents")
    assert world.run("status").json["slots"] == {"used": 2, "total": 2}
    assert world.reasons()["1.3"] == "slot: 2 of 2 used"
    (world.folder / "go").touch()
    assert world.finish(process).status == 0


def test_starts_are_staggered_and_say_so(world: World) -> None:
    world.plan(*THREE)
    world.settings('stagger = "2s"\n')
    process = world.begin(world.agent(HONEST))
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: world.reasons().get("1.3", "").startswith("stagger: in "), "the reason")
    assert world.finish(process).status == 0
    at = [
        event.at for event in world.events() if event.kind == "dispatching"
    ]  # the agents' own clocks tell when they were let in
    assert min(b - a for a, b in itertools.pairwise(at)) >= 2
    world.check_laws()


def test_agents_are_staggered_by_themselves_and_programs_are_not(world: World) -> None:
    world.plan(*THREE)
    world.settings('[workers.mine]\nkind = "shell"\nargv = ["true"]\n[workers.claude]\nmodel = "haiku"\n')
    assert world.execute(world.agent(HONEST)).status == 0
    paced = json.loads(world.run_row().settings)["stagger"]
    assert (paced["claude"], paced["opencode"]) == (1.0, 1.0)
    assert not {"mine", "shell", "scripted"} & paced.keys()


def opencode(world: World, body: str, settings: str = "") -> None:
    """A program that speaks as OpenCode does; `answer` and `refuse` are its words."""
    error = {"type": "error", "error": {"name": "APIError", "data": {"message": "slow down", "statusCode": 0}}}
    text = json.dumps(error).replace(": 0}", ': %s, "responseHeaders": {"retry-after": "%s"}}')
    step = '{"type":"step_start","sessionID":"s1"}\\n{"type":"text","part":{"text":"it is done","messageID":"m"}}\\n'
    step += '{"type":"step_finish","part":{"reason":"stop"}}\\n'
    head = f"""#!/bin/sh
[ "$1" = models ] && {{ printf 'Models:\\nacme/large\\nacme/small\\nother/large\\n'; exit; }}
ledger='@LEDGER@'
run="$BRANCHLINE_TASK_ID $BRANCHLINE_ATTEMPT"
echo "start $run $(date +%s.%N)" >> "$ledger"
cat > /dev/null
refuse() {{ printf '{text}\\n' "$1" "$2"; exit 1; }}
answer() {{ echo "made by $run" > "out-$BRANCHLINE_TASK_ID.txt"; printf '{step}'; exit 0; }}
"""
    path = world.agent(body, "opencode.sh", head).removeprefix("shell:")
    world.settings(
        f'retries = 0\nstagger = "0s"\n[workers.opencode]\nargv = ["{path}"]\nmodel = "acme/large"\n{settings}'
    )


@pytest.mark.parametrize("status", [429, 503])
def test_a_provider_in_trouble_costs_no_try(world: World, status: int) -> None:
    world.plan(Task("1.1"), Task("1.2"))
    opencode(world, f'[ "$run" = "1.1 1" ] && refuse {status} 2\nanswer\n')
    at = time.monotonic()
    result = world.execute("opencode")
    assert result.status == 0, result
    assert time.monotonic() - at > 2, "the provider's own time was kept"
    assert sorted(world.started()) == [("1.1", 1), ("1.1", 2), ("1.2", 1)]
    assert world.task("1.1").tries == 1
    world.check_laws()


def test_a_paused_provider_is_named_and_known_after_a_kill(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"), Task("1.3"))
    opencode(world, "refuse 429 4000\n")
    result = world.execute("opencode", "-j", "1")
    assert result.status == 75, result
    assert result.json["state"] == "paused"
    assert "provider acme: rate limit" in result.json["waiting"]["1.1"]
    assert "lane: provider acme is paused for " in world.reasons()["1.2"]
    assert world.run("why", "1.3").json["state"] == "ready"
    for words in (("execute", "plan.md"), ("pulse", "--once"), ("execute", "plan.md")):
        again = world.run(*words)
        assert again.status == 75, again
    assert world.started() == [("1.1", 1)], "a restart knows of the pause"
    world.check_laws()


def test_a_limited_model_is_left_for_the_next_of_the_users_list_and_that_is_recorded(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"))
    settings = '[roles.build]\nfallback_models = ["acme/small", "other/large"]\n'
    opencode(world, 'case "$*" in *acme/large*) refuse 429 4000;; esac\nanswer\n', settings)
    result = world.execute("opencode", "-j", "1")
    assert result.status == 0, result
    assert world.started() == [("1.1", 1), ("1.1", 2), ("1.2", 1)]
    assert {world.task(task).model for task in ("1.1", "1.2")} == {"other/large"}
    causes = [event.cause for event in world.events() if event.kind == "dispatching"]
    assert "other/large as fallback_models has it, for provider acme is paused: rate limit" in causes[1]
    world.check_laws()


@pytest.mark.parametrize(
    ("settings", "flags", "said"),
    [
        ("", ("--model", "acme/larg"), "there is no model 'acme/larg'; did you mean acme/large"),
        ("", ("--model", "third/small"), "there is no model 'third/small'; did you mean acme/small?"),
        (
            '[roles.build]\nfallback_models = ["acme/smal"]\n',
            (),
            "there is no model 'acme/smal'; did you mean acme/small",
        ),
    ],
)
def test_a_model_that_is_not_there_or_not_allowed_starts_nothing(
    world: World, settings: str, flags: tuple[str, ...], said: str
) -> None:
    world.plan(Task("1.1"))
    opencode(world, "answer\n", settings)
    result = world.execute("opencode", *flags)
    assert result.status == 2, result
    assert said in result.json["error"]
    assert world.started() == []
    assert not world.run("status").json["ok"], "no run is left behind"


def test_a_model_that_is_not_allowed_starts_nothing(world: World) -> None:
    world.plan(Task("1.1"))
    opencode(world, "answer\n")
    result = world.run(*BEGIN, BRANCHLINE_ALLOWED_MODELS="acme/s*, other/large")
    assert result.status == 2, result
    said = (
        "worker opencode in role build: the model 'acme/large' is not in allowed_models; known are acme/s*, other/large"
    )
    assert result.json["error"] == said
    assert world.started() == []


def test_a_person_cannot_name_a_model_that_is_not_allowed_either(world: World) -> None:
    world.plan(Task("1.1"))
    opencode(world, "exit 1\n")
    allowed = {"BRANCHLINE_ALLOWED_MODELS": "acme/*"}
    assert world.run(*BEGIN, **allowed).status == 4
    result = world.run("retry", "1.1", "--model", "other/large", **allowed)
    assert result.status == 2, result
    assert "'other/large' is not in allowed_models" in result.json["error"]
    assert world.run("retry", "1.1", "--model", "acme/small", **allowed).status == 0


def test_a_full_context_goes_on_in_a_fresh_session_with_the_work_that_is_there(world: World) -> None:
    world.plan(Task("1.1"))
    left = '{"status": "partial", "cause": "context", "summary": "half of it", "missing": ["the tests"]}'
    body = f"""if [ "$run" = "1.1 1" ]; then echo half > half.txt; printf '%s' '{left}' > "$BRANCHLINE_EXIT_FILE"
else case "$*" in *" -s "*) refuse 400 0;; esac; test -s half.txt || refuse 400 0; fi
answer
"""
    opencode(world, body)
    world.settings((world.root / "branchline.toml").read_text().replace("retries = 0", "retries = 1"))
    result = world.execute("opencode")
    assert result.status == 0, result
    page = world.run("prompt", "1.1").json["prompt"]
    for part in ("# Task 1.1", "Rules of conduct", "- the tests", "half of it", "Its work so far is in this worktree"):
        assert part in page
    assert world.tip("half.txt") == "half"
    world.check_laws()
