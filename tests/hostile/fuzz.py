"""Lead bytes through the doors, by what of the code they reach: `python tests/hostile/fuzz.py [SECONDS [FOLDER [DOOR]]]`.

Needs atheris (`pip install atheris`); without it says so, and `test_fuzz.py` is what there is. FOLDER keeps what was reached from
run to run; what made a fault stands in it as `DOOR/crash-...`, and belongs into `seeds/DOOR` once it is mended.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEEDS = HERE / "seeds"
NAMES = ("plan", "exit_record", "settings", "request", "text", "dashboard")
LONGEST = 4096  # bytes of one input: what is longer is slower, and says little more


def lead(seconds: str, folder: Path, name: str) -> None:
    """Fuzz one door until the time is up or it is at fault; does not return."""
    import atheris

    with atheris.instrument_imports(include=["branchline"]):
        import doors

    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST}",
        "-timeout=10",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    places = [str(folder), *([str(SEEDS / name)] if (SEEDS / name).is_dir() else [])]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={folder}/", *places], doors.DOORS[name])
    atheris.Fuzz()


def main(seconds: str, kept: Path) -> int:
    """Fuzz every door, as many at once as there are processors; 1 where one was at fault."""
    left, running, worst = list(NAMES), {}, 0
    while left or running:
        while left and len(running) < (os.cpu_count() or 1):
            folder = kept / left[0]
            folder.mkdir(parents=True, exist_ok=True)
            log = (folder.parent / f"{left[0]}.log").open("w+")
            words = (sys.executable, __file__, seconds, str(folder), left[0])
            running[subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT)] = (left.pop(0), log)
        process = next(iter(running))
        status, (name, log) = process.wait(), running.pop(process)
        log.seek(0)
        told = log.read()
        log.close()
        tried = told.rpartition("number_of_executed_units:")[2].split("\n", 1)[0].strip()
        print(f"{name}: {f'{tried} inputs, no fault' if not status else f'AT FAULT (exit {status})'}")
        if status:
            print(told[-4000:])
            worst = 1
    return worst


if __name__ == "__main__":
    time, place, door, *_ = [*sys.argv[1:], *("60", "", "")[len(sys.argv) - 1 :]]
    if door:
        lead(time, Path(place), door)
    try:
        import atheris  # noqa: F401
    except ImportError:
        sys.exit("atheris is not installed here: nothing was led by what is reached")
    sys.exit(main(time, Path(place or tempfile.mkdtemp(prefix="branchline-fuzz-"))))
