"""what the log says runs against what runs: hung, idle, lost"""

from collections.abc import Callable, Iterable

from branchline.model.run import AttemptRow


def silent(
    attempts: Iterable[AttemptRow], now: float, limit: float, last_output: Callable[[AttemptRow], float]
) -> list[tuple[int, str]]:
    """The attempts (fence, cause) whose worker has written nothing for `limit` seconds; 0 means no limit.

    `last_output` gives the time of an attempt's last byte (seconds since the epoch), by `stat` of its log.
    """
    if not limit:
        return []
    hung = []
    for row in attempts:
        if row.state != "started" or row.purpose != "work" or row.cause:
            continue
        since = now - max(last_output(row), row.started or now)
        if since > limit:
            hung.append((row.fence, f"timeout: silent for {since:.0f} s"))
    return hung
