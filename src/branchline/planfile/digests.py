"""What a plan says, as a digest; free of what reads plans, for who goes on with a run only asks whether it is the same."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from branchline.files import read_text
from branchline.planfile.writeback import unmarked


def text_digest(text: str) -> str:
    """The digest of what a plan says; ticking its boxes does not change it, so that `land` unsettles no approval."""
    return "sha256:" + hashlib.sha256(unmarked(text).encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(path: Path) -> str:
    """The digest of a plan as it stands there now (`text_digest`); of a folder that of all its tasks."""
    return folder_digest(folder_texts(path)) if is_folder(path) else text_digest(read_text(path))


def is_folder(path: Path) -> bool:
    """Whether a plan is a folder; a path that no file can have is none, and reading it says why."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises for a name that is too long


def folder_texts(path: Path) -> dict[str, str]:
    """The markdown files of a folder by name; those whose name begins with a dot are not looked at."""
    return {each.name: read_text(each) for each in sorted(path.glob("*.md")) if each.name[0] != "." and each.is_file()}


def folder_digest(texts: Mapping[str, str]) -> str:
    """The digest of a folder with these texts."""
    return text_digest("".join(f"{name}\n{text}\n" for name, text in texts.items()))
