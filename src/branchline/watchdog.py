"""what the log says runs against what runs: hung, idle, lost

Facts in, advice out. Only time and processor decide whether a worker is stuck; what its transcript says gives that a
name for people and steers nothing (DESIGN, I10).
"""

import re
from typing import Final, NamedTuple

from branchline.patterns import late
from branchline.workers.transcript import Tail

IDLE: Final = 60.0
"""Seconds of silence after which a worker is called idle; half the limit of silence where that is less."""
BUSY: Final = 0.2
"""The share of one core that a tree at work uses at least; waiting for a model, or for nothing, takes less."""
REPEATS: Final = 6
"""The same tool call so often in a row is a loop."""
_ASKS: Final = late(
    r"[\[(]y(?:es)?/no?[\])]|do you want to (?:proceed|allow|continue)|allow (?:this|once|always)"
    r"|(?:permission|approval) (?:is )?(?:required|needed|requested)|waiting for (?:your )?(?:approval|permission)",
    re.IGNORECASE,
)
_LIMITED: Final = late(r"\b429\b|\b529\b|rate.?limit|too many requests|overloaded|quota exceeded", re.IGNORECASE)


class Facts(NamedTuple):
    """What is known of a worker; times are seconds since the epoch, `last_output` 0: it wrote nothing.

    `held`: a process of custody holds it. `cpu`: seconds of processor that its tree has used in the last `span` seconds
    (by a clock that nobody can set), since it was seen to be silent; None: not known. `tail`: the end of its transcript.
    """

    started: float
    last_output: float = 0.0
    held: bool = True
    cpu: float | None = None
    span: float = 0.0
    tail: Tail = Tail()


class Advice(NamedTuple):
    """One of running, idle, permission, rate-limited, looping, hung and lost, and why; `stuck` allows to act on it."""

    state: str
    words: str
    stuck: bool = False


def idle_after(silence: float) -> float:
    """Seconds of silence after which a worker is looked at more closely; `silence` is its limit, 0: none."""
    return min(IDLE, silence / 2) if silence else IDLE


def judge(facts: Facts, now: float, silence: float) -> Advice:
    """What a worker is doing, as far as can be seen from outside.

    Stuck is only who has written nothing for longer than `silence` and has computed nothing meanwhile: never is a
    worker ended for its silence or for its processor alone. Without a limit (0) nobody is stuck.
    """
    quiet = now - max(facts.last_output, facts.started)
    if not facts.held:
        return Advice("lost", "lost: no process of ours holds it any more; it is being collected")
    repeated = _repeated(facts.tail.calls)
    if repeated:
        return Advice("looping", f"looping: {repeated}")
    if quiet < idle_after(silence):
        return Advice("running", "at work")
    if facts.cpu is not None and facts.cpu >= BUSY * facts.span > 0:
        return Advice("running", f"at work: silent for {quiet:.0f} s, but its processes compute")
    # A clock that was set forward, or a machine that slept, makes no silence: half of it at least was watched.
    stuck = bool(silence) and quiet > silence and facts.cpu is not None and facts.span >= silence / 2
    last = facts.tail.lines[-3:]
    for state, pattern in (("permission", _ASKS), ("rate-limited", _LIMITED)):
        said = next((line for line in reversed(last) if pattern.search(line)), "")
        if said:
            what = {"permission": "waits for permission"}.get(state, state)
            return Advice(state, f"{what}: silent for {quiet:.0f} s after: {said[:200]}", stuck)
    if stuck:
        return Advice("hung", f"hung: silent for {quiet:.0f} s, and its processes do nothing", stuck)
    return Advice("idle", f"idle: silent for {quiet:.0f} s")


def _repeated(calls: tuple[str, ...]) -> str:
    """The tool call that was made again and again up to now, in words; "" when there is none."""
    if not calls:
        return ""
    times = next((n for n, call in enumerate(reversed(calls)) if call != calls[-1]), len(calls))
    return f"the same tool call {times} times in a row: {calls[-1][:200]}" if times >= REPEATS else ""
