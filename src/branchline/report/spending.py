"""What was spent, by day, model, role and task, and how fast it goes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from time import localtime, strftime
from typing import Any, Final

from branchline.model.money import Amount, Limit, total
from branchline.model.run import AttemptRow
from branchline.report.standing import money, spent
from branchline.terminal.text import many, safe

HOUR: Final = 3600.0
_KEYS: Final[Mapping[str, Callable[[AttemptRow], dict[str, str]]]] = {
    "day": lambda row: {"day": strftime("%Y-%m-%d", localtime(row.ended or row.started or row.intended))},
    "model": lambda row: {"model": row.model or f"{row.worker}'s own"},
    "role": lambda row: {"role": row.role},
    "task": lambda row: {"run": row.run, "task": row.task},
}


def spending(
    attempts: Sequence[AttemptRow], now: float, limit: Limit = Limit(), flat: Iterable[str] = (), priced: str = ""
) -> dict[str, Any]:
    """Return what attempts have used: `spent`, `limit`, `by_day`, `by_model`, `by_role`, `by_task`, `burn_rate` (an hour).

    `limit` is the run's, `flat` are workers that a subscription pays for, `priced` the date of the list of prices.
    """
    work = [row for row in attempts if row.purpose == "work"]
    told = [row for row in work if any(row.used)]
    burn = total(_share(row, now) for row in told)
    return {
        "spent": spent(total(row.used for row in told)),
        "limit": {"usd": limit.usd, "tokens": limit.tokens} if limit else None,
        "attempts": len(work),
        "untold": len(work) - len(told),
        **{f"by_{name}": _grouped(told, key) for name, key in _KEYS.items()},
        "burn_rate": {"usd_per_hour": round(burn.usd, 6), "tokens_per_hour": burn.tokens},
        "subscriptions": sorted({row.worker for row in work} & set(flat)),
        "prices": priced if told else "",
    }


def _grouped(rows: Iterable[AttemptRow], key: Callable[[AttemptRow], dict[str, str]]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, ...], list[AttemptRow]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row).values()), []).append(row)
    return [
        {**key(found[0]), "attempts": len(found), **spent(total(row.used for row in found))}
        for found in groups.values()
    ]


def _share(row: AttemptRow, now: float) -> Amount:
    """The part of what an attempt has used that falls into the last hour, as if it had been used evenly."""
    start, end = row.started or row.intended, row.ended or now
    inside = max(0.0, min(end, now) - max(start, now - HOUR)) / max(end - start, 1.0)
    return Amount(row.cost * min(inside, 1.0), int(row.tokens * min(inside, 1.0)))


def spending_text(found: Mapping[str, Any]) -> str:
    """Return `spending` in words."""
    used = found["limit"] and Limit(**found["limit"]).words(Amount(**found["spent_in_run"]))
    burn = {"usd": found["burn_rate"]["usd_per_hour"], "tokens": found["burn_rate"]["tokens_per_hour"]}
    lines = [f"spent: {money(found['spent'])}", f"run {safe(found['run'])}: {used or 'no budget is set'}"]
    lines += [f"burn rate: {money(burn) if any(burn.values()) else 'nothing'} in the last hour"]
    for name in _KEYS:
        if rows := found[f"by_{name}"]:
            lines += ["", f"by {name}"]
            lines += [f"  {safe(_name(row, name))}: {money(row)}, {many(row['attempts'], 'attempt')}" for row in rows]
    lines += ["", *_notes(found)]
    return "\n".join(lines).rstrip()


def _name(row: Mapping[str, Any], name: str) -> str:
    return f"{row['run']} {row['task']}" if name == "task" else str(row[name])


def _notes(found: Mapping[str, Any]) -> Iterable[str]:
    if found["subscriptions"]:
        yield f"{', '.join(map(safe, found['subscriptions']))}: paid by a subscription, 0 usd; the tokens count"
    if found["untold"]:
        yield f"{many(found['untold'], 'attempt')} told no usage: what they cost is not known"
    if found["prices"]:
        yield f"where an agent tells tokens alone, prices are those of [prices], else the list of {found['prices']}"
