"""What was spent, by day, model, role and task, and how fast."""

import time
from typing import Any

from branchline.model.money import Limit
from branchline.model.run import AttemptRow
from branchline.report import spending, spending_text

NOW = time.mktime((2026, 11, 25, 12, 0, 0, 0, 0, -1))
DAY = 86_400.0


def attempt(fence: int, task: str, tokens: int, cost: float, ended: float | None = NOW, **more: Any) -> AttemptRow:
    fields = {"role": "build", "worker": "claude", "model": "big", "started": (ended or NOW) - 7200, **more}
    return AttemptRow("r1", fence, task, 1, "work", "ended", ended=ended, tokens=tokens, cost=cost, **fields)


ROWS = [
    attempt(0, "1.1", 1000, 0.5, NOW - DAY),
    attempt(1, "1.1", 3000, 1.5, role="research", model=""),
    attempt(2, "1.2", 500, 0.25, None),
    attempt(3, "1.2", 0, 0.0, worker="shell"),
    attempt(4, "1.3", 0, 0.0)._replace(purpose="check"),
]


def test_every_key_adds_up_to_all_that_was_spent() -> None:
    found = spending(ROWS, NOW, Limit(5.0))
    assert found["spent"] == {"usd": 2.25, "tokens": 4500}
    assert (found["attempts"], found["untold"]) == (4, 1)
    for name in ("day", "model", "role", "task"):
        rows = found[f"by_{name}"]
        assert sum(row["usd"] for row in rows) == 2.25
        assert sum(row["tokens"] for row in rows) == 4500
    assert [(row["day"], row["attempts"]) for row in found["by_day"]] == [("2026-11-24", 1), ("2026-11-25", 2)]
    assert [row["model"] for row in found["by_model"]] == ["big", "claude's own"]
    assert [(row["run"], row["task"]) for row in found["by_task"]] == [("r1", "1.1"), ("r1", "1.2")]


def test_the_burn_rate_is_what_falls_into_the_last_hour() -> None:
    """Both of today's attempts took two hours, and half of that lies in the last one."""
    assert spending(ROWS, NOW)["burn_rate"] == {"usd_per_hour": 0.875, "tokens_per_hour": 1750}
    assert spending(ROWS[:1], NOW)["burn_rate"] == {"usd_per_hour": 0.0, "tokens_per_hour": 0}


def test_the_words_say_who_pays_and_what_nobody_told() -> None:
    found = spending(ROWS, NOW, Limit(5.0, 10_000), ["claude", "codex"], "2026-11-25")
    found |= {"run": "r1", "spent_in_run": found["spent"]}
    text = spending_text(found)
    assert "run r1: 2.25 of 5.00 usd, 4,500 of 10,000 tokens" in text
    assert "claude: paid by a subscription, 0 usd; the tokens count" in text
    assert "1 attempt told no usage: what they cost is not known" in text
    assert "  r1 1.1: $2.00, 4,000 tokens, 2 attempts" in text


def test_a_model_with_codes_for_the_terminal_is_shown_harmless() -> None:
    found = spending([attempt(0, "1.1", 1, 0.0, model="\x1b[31mred\nline")], NOW)
    assert "\x1b" not in spending_text({**found, "run": "r1", "spent_in_run": found["spent"]})
