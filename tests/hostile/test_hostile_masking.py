"""What is masked in a prompt: the worker never sees it, the result has it, and no log, event or report does."""

import re
from pathlib import Path

from branchline.guard.book import unmask
from branchline.sandbox.vault import Vault
from worlds import World

MAIL, KEY = "jane.roe@northwind.example", "sk-ant-" + "api03-Qw3rTy6UiO9pAs2dFg5hJk8l"
PLAN = f"""# A plan

## Section A

- [ ] 1.1 Put the owner {MAIL} in OWNER
  - Use the key {KEY} nowhere.
  - Verify: `cat OWNER && grep -q "north""wind" OWNER && ! grep -q MASKED other.txt`
- [ ] 1.2 Write another
  - Verify: `test -s out-1.2.txt`
"""
AGENT = """make
if [ "$BRANCHLINE_TASK_ID" = 1.1 ]; then
  sed -n 's/.*Put the owner \\(.*\\) in OWNER.*/\\1/p' "$BRANCHLINE_PROMPT_FILE" | head -1 > OWNER
  cp "$BRANCHLINE_PROMPT_FILE" @FOLDER@/seen
else
  printf '[EMAIL_1] [ANTHROPIC_KEY_1]' > OTHER
fi
echo "I wrote to MORE@contoso.example"
say done "asked more@contoso.example for OWNER"
end
"""


def ran(world: World, settings: str = "") -> None:
    if settings:
        world.settings(settings)
    world.write("plan.md", PLAN)
    result = world.execute(world.agent(AGENT.replace("@FOLDER@", str(world.folder))))
    assert result.status == 0, result


def files_with(folder: Path, word: str) -> list[str]:
    """Logs, prompts, claims, results; the specs of our own jobs tell git what to write, and stay."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "spec.json"]
    return [str(path) for path in files if word.encode() in path.read_bytes()]


def test_a_worker_gets_placeholders_and_its_result_the_real_values(world: World) -> None:
    ran(world)
    seen = (world.folder / "seen").read_text()
    assert MAIL not in seen
    assert KEY not in seen
    (placeholder,) = re.findall(r"Put the owner (\[EMAIL_\d\]) in OWNER", seen.split("\n")[0])
    assert world.tip("OWNER") == MAIL
    assert world.tip("OTHER") == "[EMAIL_1] [ANTHROPIC_KEY_1]", "a placeholder that was not this task's own"
    values = Vault(world.root / ".branchline" / "masks.jsonl", None).values()
    assert unmask(placeholder, values) == MAIL
    world.check_laws()


def test_what_was_put_back_or_said_stands_in_no_log_event_or_report(world: World) -> None:
    ran(world)
    runs = world.root / ".branchline" / "runs"
    assert files_with(runs, MAIL) == files_with(runs, KEY) == []
    said = world.run("report").out + world.run("evidence", "1.1").out + repr(world.events())
    said += world.run("logs", "1.1").out + world.run("prompt", "1.1").out
    assert "contoso" not in said
    assert "asked [EMAIL_" in said
    dry = world.run("execute", "plan.md", "--dry-run", "--new", "--worker", "shell:true").json
    assert [MAIL in task["prompt"] for task in dry["tasks"]] == [False, False]


def test_masking_can_be_switched_off(world: World) -> None:
    ran(world, "[mask]\nenabled = false\n")
    assert MAIL in (world.folder / "seen").read_text()
    assert world.tip("OWNER") == MAIL
    assert not (world.root / ".branchline" / "masks.jsonl").exists()
