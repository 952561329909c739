"""`execute plan.md --yes` that kills itself: `killed.py AGENT NAME NUMBER`, at the NUMBERth point called NAME.

The way of `branchline execute`, but for the hook that is told of every point.
"""

import os
import signal
import sys
from pathlib import Path

from branchline.dispatch import Hooks
from branchline.workflow import fresh
from branchline.workflow.begin import approval, begin, charge, current_draft, opened_store
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.project import open_project


def main(agent: str, name: str, number: int) -> int:
    """Drive the run to its end, or die on the way; 0 when it ended."""
    console = Console(Path.cwd(), dict(os.environ), sys.stderr, lambda _: "", lambda _: 0, fresh=lambda: fresh)
    flags = Flags(worker=agent, yes=True)
    project = open_project(console, flags.settings())
    path = Path("plan.md").resolve()
    current = current_draft(console, project, path)
    passed = 0

    def at(point: str) -> None:
        nonlocal passed
        passed += point == name
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened_store(project) as store:
        begun = begin(console, project, store, approval(console, project, path, current, flags), flags)  # type: ignore[arg-type]
        driver = charge(store, begun, Hooks(console.clock, at=at))  # type: ignore[arg-type]
        driver.finish(driver.loop())
        driver.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
