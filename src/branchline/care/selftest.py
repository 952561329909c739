"""All proofs after one another, with the counts."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from random import Random
from typing import Any, NamedTuple

from branchline.care.crashes import crash_points
from branchline.care.cuts import cut_log
from branchline.care.histories import COUNTED, play
from branchline.care.kills import Kills, kill_coordinators
from branchline.care.oracle import ViolationError

CUT_STEP = 499
"""Bytes between two cuts of the log; a prime, so that they fall everywhere in its pages."""


class Proved(NamedTuple):
    """What was proved: counts by proof, the words of each count for people, and whatever went wrong."""

    counts: dict[str, Any]
    words: list[str]
    wrong: list[str]


def selftest(seeds: int, first: int, kills: int, env: Mapping[str, str], say: Callable[[str], None]) -> Proved:
    """Play `seeds` histories from seed `first`, every crash point, so many real kills, and the cuts of the log.

    `say` hears of the progress. Raises RepositoryError when git cannot make a repository.
    """
    proved = Proved({}, [], [])
    _simulate(proved, range(first, first + seeds), say)
    _crash(proved, say)
    _kill(proved, kills, env, first, say)
    _cut(proved, say)
    return proved


def _simulate(proved: Proved, seeds: range, say: Callable[[str], None]) -> None:
    total, broken = Counter(dict.fromkeys(COUNTED, 0)), 0
    for number, seed in enumerate(seeds, 1):
        try:
            total.update(play(seed))
        except ViolationError as error:
            broken += 1
            proved.wrong.append(f"{error}; replay it with: branchline selftest --seeds 1 --seed {seed} --kills 0")
        if number % 500 == 0:
            say(f"{number} of {len(seeds)} histories")
    proved.counts["simulation"] = {"seeds": len(seeds), **total, "broken": broken}
    proved.words.append(
        f"simulated: {len(seeds)} histories, {total['steps']} steps, {total['crashes']} kills of the coordinator, "
        f"{total['full']} full disks, {total['jumps']} clock jumps, {total['overlaps']} second coordinators, "
        f"{total['wishes']} wishes of a person: {broken} broke a law"
    )


def _crash(proved: Proved, say: Callable[[str], None]) -> None:
    points: list[str] = []
    try:
        points = crash_points()
    except ViolationError as error:
        proved.wrong.append(str(error))
    proved.counts["points"] = {"points": len(points), "kinds": len(set(points))}
    proved.words.append(
        f"crash points: {len(points)} of {len(set(points))} kinds, a kill at each: "
        + ("all ended in the same state" if points else "one ended otherwise")
    )
    say(proved.words[-1])


def _kill(proved: Proved, kills: int, env: Mapping[str, str], seed: int, say: Callable[[str], None]) -> None:
    if not kills:
        return
    say(f"{kills} real kills over real processes, about {2 * kills + 5} s")
    dice = Random(seed)  # noqa: S311 - dice, not secrets
    found = kill_coordinators(kills, env, dice, lambda so_far: say(f"{so_far.kills} of {kills} kills"))
    proved.counts["kills"] = asdict(found)
    proved.words.append(_words(found))
    if not found.good():
        proved.wrong.extend([_words(found), *found.unfinished])


def _words(found: Kills) -> str:
    return (
        f"real kills: {found.kills} of the coordinator over {found.tasks} tasks, {found.starts} starts of agents: "
        f"{found.lost} lost, {found.doubled} doubled, {found.wrong} wrong exit statuses"
    )


def _cut(proved: Proved, say: Callable[[str], None]) -> None:
    cuts, wrong = cut_log(CUT_STEP)
    proved.wrong.extend(wrong)
    proved.counts["cuts"] = {"cuts": cuts, "lost": len(wrong)}
    proved.words.append(f"log: cut at {cuts} places: {len(wrong)} lost what was acknowledged or hid the damage")
    say(proved.words[-1])
