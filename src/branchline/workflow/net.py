"""The network tiers, for people and scripts: where a host belongs, whether it may be asked, what was asked."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from branchline.dispatch.boxes import NET_LOG
from branchline.errors import UsageError
from branchline.sandbox import proxied, tiers
from branchline.terminal.text import many, safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.look import attempt_of
from branchline.workflow.project import open_project


def host_of(text: str) -> tuple[str, int]:
    """The host and the port that a host, `host:port` or a URL names. Raises UsageError for what names none."""
    scheme, mark, rest = text.strip().rpartition("://")
    place = rest.partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    host, colon, port = place.rpartition(":")
    if not colon or "]" in port or (":" in host.strip("[]") and not host.endswith("]")):
        host, port = place, ""
    if not tiers.normal(host) or (port and not (port.isascii() and port.isdigit())):
        raise UsageError(
            f"{text!r} names no host; write for example github.com, example.org:8443 or https://x.example/a"
        )
    return host, int(port) if port else 80 if mark and scheme.lower() == "http" else 443


def classify(console: Console, hosts: Sequence[str]) -> Answer:
    """The tier of each host, and the rule that says so."""
    own = open_project(console).settings.net.tiers
    found = [tiers.classify(host_of(host)[0], own) for host in hosts]
    rows: list[dict[str, Any]] = [
        {"host": c.name, "tier": c.tier, "name": tiers.TIERS[c.tier], "rule": c.rule, "why": c.why} for c in found
    ]
    words = [f"{row['tier']}  {safe(row['host'])}  {row['name']}{_because(row)}" for row in rows]
    return Answer({"hosts": rows}, "\n".join(words))


def check(console: Console, hosts: Sequence[str]) -> Answer:
    """Whether the proxy would let each host through, by its name and port; exit 4 when it would refuse one."""
    net = open_project(console).settings.net
    rows: list[dict[str, Any]] = []
    for text in hosts:
        host, port = host_of(text)
        found = tiers.classify(host, net.tiers)
        if found.name in proxied.LOOPBACK and port in net.local:
            verdict = tiers.Verdict(True, "your [net] local: it is there without the proxy")
        else:
            verdict = tiers.decide(found, unknown=net.unknown, port=port, ports=net.ports)
        rows.append({"host": found.name, "port": port, "tier": found.tier, **verdict._asdict()})
    words = [f"{_word(row)}  {safe(row['host'])}:{row['port']}  {safe(row['why'])}" for row in rows]
    refused = [row["host"] for row in rows if not row["allowed"]]
    return Answer({"hosts": rows}, "\n".join(words), 4 if refused else 0, f"refused: {', '.join(map(safe, refused))}")


def log(console: Console, name: str, task: str, attempt: int) -> Answer:
    """What an attempt's worker and checks asked of the network, through the proxy."""
    _, number, folder = attempt_of(console, name, task, attempt)
    rows = list(_rows(folder))
    words = [f"{_word(r)}  {safe(str(r.get('host')))}:{r.get('port')}  {safe(str(r.get('why')))}" for r in rows]
    counted = Counter(_word(row).strip() for row in rows)
    told = ", ".join(f"{number} {word}" for word, number in sorted(counted.items()))
    none = f"attempt {number} of {task} asked nothing of a proxy"
    head = f"{many(len(rows), 'connection')}: {told}" if rows else none
    return Answer({"task": task, "attempt": number, "connections": rows}, "\n".join([*words, head]))


def export(console: Console) -> Answer:
    """Every rule in force, ours and those of the settings, for other programs."""
    net = open_project(console).settings.net
    own = {tiers.normal(rule): tier for rule, tier in net.tiers.items()}
    rules = {**tiers.RULES, **own}
    names = {tier: sorted(rule for rule, of in rules.items() if of == tier) for tier in tiers.TIERS}
    data = {
        "tiers": [{"tier": tier, "name": words, "hosts": names[tier]} for tier, words in tiers.TIERS.items()],
        "own": own, "unknown": net.unknown, "ports": list(net.ports), "local": list(net.local),
    }  # fmt: skip
    return Answer(data, "\n".join(f"{tier}\t{rule}" for tier, rules in names.items() for rule in rules))


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of the attempt's logs, the worker's own first; one that was cut by a kill is passed over."""
    for path in (folder / NET_LOG, *sorted(folder.glob(f"*/*/{NET_LOG}"))):
        if not path.is_file():
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                yield dict(json.loads(line))
            except ValueError:
                continue


def _word(row: Mapping[str, Any]) -> str:
    return "refused" if not row.get("allowed") else "flagged" if row.get("flagged") else "allowed"


def _because(row: Mapping[str, Any]) -> str:
    return f" ({safe(row['rule'] or row['why'])})" if row["rule"] or row["why"] else ""
