"""Twelve kinds of bad agents on five kinds of plans: no false done, no lost byte, no change to the user's checkout.

Each agent meets one plan; BRANCHLINE_TEST_SCALE=5 lets every agent meet every plan.
"""

import subprocess

import pytest

from worlds import SCALE, Task, World

PUT = r"""
put() { # a line with a mark of its own in a file, which the ledger of bytes knows
  token="$BRANCHLINE_TASK_ID.$BRANCHLINE_ATTEMPT.$1"
  mkdir -p "$(dirname "$1")"; echo "made by <$token>" >> "$1"; echo "<$token>" >> "$ledger.bytes"
}
out="out-$BRANCHLINE_TASK_ID.txt"
"""
HOOK = r"""
common=$(cd "$(git rev-parse --git-common-dir)" && pwd)
printf '#!/bin/sh\necho "$0" >> "%s.proof"\ncat\n' "$ledger" > "$ledger.evil"; chmod +x "$ledger.evil"
mkdir -p "$common/hooks"
for hook in post-checkout post-index-change pre-commit post-commit post-merge reference-transaction; do
  cp "$ledger.evil" "$common/hooks/$hook"
done
git config core.fsmonitor "$ledger.evil"; git config filter.evil.clean "$ledger.evil"
git config filter.evil.smudge "$ledger.evil"; git config merge.evil.driver "$ledger.evil"
echo '* filter=evil merge=evil' > .gitattributes; put "$out"
"""
BAD = {
    "liar": "",
    "silent": 'put "$out"; exit 0',
    "partial": r"""put half.txt
printf '{"status": "partial", "missing": ["the rest"]}' > "$BRANCHLINE_EXIT_FILE"; exit 0""",
    "over-scope": 'put "$out"; put src/other.txt; echo more >> README.md; put "odd ü name"',
    "test-editor": r"for file in tests/*.sh; do echo 'exit 0' > $file; done; git add -A; git commit -qm tests",
    "conflictor": 'put shared.txt; put "$out"; git add -A; git commit -qm mine',
    "deleter": 'put "$out"; for file in out-*.txt README.md; do [ "$file" = "$out" ] || rm -f "$file"; done',
    "branch-switcher": 'put "$out"; git switch -q -c "elsewhere-$BRANCHLINE_TASK_ID"; git add -A; git commit -qm away',
    "history-rewriter": r"""put "$out"; git add -A; git commit -qm one; put second.txt; git add -A
git commit -q --amend -m rewritten; git update-ref refs/heads/branchline/r1/tip "$(git rev-list --max-parents=0 HEAD)"
git reset -q --soft "$(git rev-list --max-parents=0 HEAD)"; git commit -qm "all of it" """,
    "hook-planter": HOOK,
    "giant-file-writer": r"""put "$out"; head -c 12000000 /dev/urandom > giant.bin; put giant.txt
head -c 3000000 /dev/zero | tr '\0' 'x' >> giant.txt""",
    "never-commits": 'put "$out"; put deep/er/file; put "$out.more"; git add "$out"; ln -s nowhere link',
}
OWN = "sh tests/test_part.sh {id}"
PLANS = {
    "one": [Task("1.1", verify=OWN.format(id="1.1"))],
    "chain": [
        Task("1.1", verify=OWN.format(id="1.1")),
        Task("1.2", after=("1.1",), verify=OWN.format(id="1.2")),
        Task("1.3", after=("1.2",), verify=OWN.format(id="1.3")),
    ],
    "wide": [Task(name, verify=OWN.format(id=name)) for name in ("1.1", "1.2", "1.3")],
    "files": [
        Task("1.1", verify=OWN.format(id="1.1"), files=("out-1.1.txt", "shared.txt")),
        Task("1.2", verify=OWN.format(id="1.2"), files=("out-1.2.txt", "shared.txt")),
    ],
    "gated": [Task("1.1", verify=""), Task("1.2", verify="")],
}
PART = 'test -s "out-$1.txt" && grep -q "made by" "out-$1.txt"\n'
GATE = r"""sed -n 's/^- \[x\] \([0-9.]*\) .*/\1/p' plan.md | while read -r id; do test -s "out-$id.txt" || exit 1; done
"""
KINDS = list(PLANS)
CASES = [
    pytest.param(agent, KINDS[(number + more) % len(KINDS)], id=f"{agent}-{KINDS[(number + more) % len(KINDS)]}")
    for number, agent in enumerate(BAD)
    for more in range(min(len(KINDS), max(1, int(SCALE))))
]
NEVER_DONE = {"liar", "silent", "partial", "test-editor"}


def kept_bytes(world: World) -> bytes:
    """All file content that the integration branch or a salvage ref reaches."""
    refs = world.git("for-each-ref", "--format=%(refname)", "refs/branchline/salvage/").splitlines()
    listed = world.git("rev-list", "--objects", "--no-object-names", "branchline/r1/tip", *refs)
    form = ["git", "cat-file", "--batch", "--buffer"]
    return subprocess.run(form, cwd=world.root, input=listed.encode(), capture_output=True, check=True).stdout


@pytest.mark.parametrize(("agent", "plan"), CASES)
def test_a_bad_agent_is_not_believed_and_its_work_is_not_lost(world: World, agent: str, plan: str) -> None:
    (world.root / "tests").mkdir()
    world.write("tests/test_part.sh", PART)
    world.write("tests/test_gate.sh", GATE)
    world.write("shared.txt", "shared\n")
    world.settings('[gate]\ncommands = ["sh tests/test_gate.sh"]\n')
    world.plan(*PLANS[plan])
    before = world.checkout()
    result = world.execute(world.agent(f"{PUT}{BAD[agent]}\nsay done 'all is well'\nend\n"), timeout=120)
    proof = world.ledger_file.with_name("ledger.proof")
    assert not proof.exists(), proof.read_text()
    for hook in (world.root / ".git" / "hooks").glob("*"):
        hook.unlink()
    world.git("config", "--unset", "core.fsmonitor", check=False)

    states = world.states()
    done = {task for task, state in states.items() if state == "done"}
    assert not (done and agent in NEVER_DONE), result
    for task in done:
        assert "made by" in world.tip(f"out-{task}.txt"), f"{task} is said to be done\n{world.story()}"
    assert world.checkout() == before
    world.check_laws()

    if result.status != 0:
        world.run("cancel", "--all")
    assert world.run("clean", "--salvage").json["kept"] == []
    assert world.worktrees() == []
    written, kept = world.ledger_file.with_name("ledger.bytes"), kept_bytes(world)
    lost = (
        [token for token in written.read_text().splitlines() if token.encode() not in kept] if written.exists() else []
    )
    assert lost == []
    assert world.checkout() == before
