"""What a worker gets masked, and what of its result is masked before it is recorded."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from branchline.files import read_json, write_new
from branchline.guard.injection import scan
from branchline.model.run import STEERING, Claim, Question
from branchline.sandbox.vault import Vault

COVERED: Final = "masked.json"
"""In the folder of an attempt: the placeholders that its prompt holds in the place of something real."""


def cover(vault: Vault, text: str, exit_file: str, folder: str) -> str:
    """A prompt with placeholders, which are noted in the attempt's folder; the path of the exit file stays as it is."""
    parts = [vault.mask(part) for part in text.split(exit_file)]
    if names := sorted({name for part in parts for name in part.values}):
        write_new(f"{folder}/{COVERED}", json.dumps(names) + "\n")
    return exit_file.join(part.text for part in parts)


def covered(task: Path, attempts: int) -> list[str]:
    """The placeholders that the prompts of a task's attempts held; only they are ever put back into its files."""
    files = [task / str(number) / COVERED for number in range(1, attempts + 1)]
    return sorted({name for file in files if file.is_file() for name in read_json(file)})


def claim(vault: Vault, said: Claim) -> Claim:
    """A claim as it is recorded: the worker's own words are masked; one that rests on its exit alone has none."""
    if said.source == "exit" and not said.extra:
        return said
    question = said.question and Question(**vault.deep(said.question._asdict()))
    words = {"summary": said.summary, "error": said.error, "extra": said.extra}
    return said._replace(question=question, missing=tuple(vault.deep(said.missing)), **vault.deep(words))


def result(vault: Vault, found: Mapping[str, Any]) -> dict[str, Any]:
    """What our own job found, as it is recorded: the ends of its logs are masked; commands and commits stay."""
    return {
        **found,
        "error": vault.deep(found.get("error", "")),
        "checks": [_row(vault, row) for row in found.get("checks", ())],
    }


def steering(summary: str) -> str:
    """Why a worker's own words need a person before others read them; "" when nothing in them tries to steer."""
    graves = [flag for flag in scan(summary) if flag.severity == "high"]
    return f"{STEERING}its worker's answer reads as if it meant to steer others: {graves[0].words}" if graves else ""


def _row(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    first = {"first": _row(vault, row["first"])} if row.get("first") else {}
    return {**row, "tail": vault.deep(row.get("tail", "")), **first}
