"""Which of the stated STG optima are too low: an exact solver proves each that the search does not reach, or finds it.

Run: python benchmarks/optima.py [--seconds N] [--corpus DIR] (needs the dev extra), which writes optima.json beside this
file: set, instance, slots -> the least that any schedule takes, where it is more than what is stated. Only figures are
kept, no instances; `schedules.py` divides by them. What the file has is not proven again: delete it to begin anew.
"""

import argparse
import json
import sys
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from branchline.schedule.problem import Problem, bound
from branchline.simulate import instance
from schedules import CORPUS, PROVEN, STG, rows, searched


def main() -> int:
    """Go through all instances and keep what was proven."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300.0, help="of the solver for one instance")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    args = parser.parse_args()
    try:
        version = metadata.version("ortools")
    except metadata.PackageNotFoundError:
        print("skipped: there is no exact solver here; install the dev extra")
        return 0
    kept: dict[str, Any] = json.loads(PROVEN.read_text()) if PROVEN.exists() else {}
    proven: dict[str, dict[str, dict[str, int]]] = {name: kept.get(name, {}) for name in STG}
    for name in STG:
        for row in rows(args.corpus / "schedules", name, 0):
            for slots, stated in row["optimum_by_slots"].items():
                if slots in proven[name].get(row["name"], {}):
                    continue
                case = instance(row, name)._replace(slots=int(slots))
                given = case.problem(case.expected)
                found, least = int(searched(case, 1.0)[0]), int(bound(given))
                if found > max(stated, least):
                    least, found = shortest(given, least, found, args.seconds)
                if least > stated:
                    proven[name].setdefault(row["name"], {})[slots] = least
                    print(
                        f"{name} {row['name']} on {slots}: stated {stated}, proven {least}, found {found}", flush=True
                    )
                    by = {"solver": f"OR-tools CP-SAT {version}", "date": f"{date.today():%Y-%m-%d}"}
                    PROVEN.write_text(told(by, proven))
    return 0


def shortest(given: Problem, least: int, most: int, seconds: float) -> tuple[int, int]:
    """What no schedule can beat, and the shortest that was found: the same two when the solver came to an end."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    spans = [int(span) for span in given.duration]
    starts = [model.new_int_var(int(given.head[task]), most, f"{task}") for task in range(len(spans))]
    for task, before in enumerate(given.before):
        for each in before:
            model.add(starts[task] >= starts[each] + spans[each])
    bars = [model.new_fixed_size_interval_var(start, span, "") for start, span in zip(starts, spans, strict=True)]
    for name, units in given.capacity.items():
        model.add_cumulative(bars[: len(given.asked)], [asked[name] for asked in given.asked], units)
    length = model.new_int_var(least, most, "length")
    for start, tail in zip(starts, given.tail, strict=True):
        model.add(length >= start + int(tail))
    model.minimize(length)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.UNKNOWN), solver.status_name(status)
    found = most if status == cp_model.UNKNOWN else round(solver.objective_value)
    return round(solver.best_objective_bound), found


def told(by: dict[str, str], proven: dict[str, dict[str, dict[str, int]]]) -> str:
    """The file of what was proven, an instance a line."""
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in by.items()]
    for name, found in proven.items():
        rows = ",\n".join(f"  {json.dumps(each)}: {json.dumps(found[each])}" for each in sorted(found))
        lines.append(f' "{name}": {{\n{rows}\n }}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
