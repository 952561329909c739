"""Headings that are tasks or phases because others of their level count on with the same letters or word."""

from collections.abc import Collection

from branchline.planfile.blocks import Block
from branchline.planfile.sections import Head, head, series
from branchline.planfile.words import NOT_IDS


def counting(headings: list[Block]) -> dict[int, Head]:
    """Headings such as `M0 - x`, `M1 - y`, or `H1 x`, `H2 y`, or `Alpha`, `Beta`, where two of a level count on.

    Names of things are none: `P0` to `P4` alone are priorities, `H1` and `H2` alone are headings of HTML.
    """
    found: dict[tuple[int, str, str], dict[int, Head]] = {}
    for block in headings:
        said = series(block.text)
        if said is not None and head(block.text).role != "version":
            family = _letters(said.id) if said.key == "id" else said.key
            found.setdefault((block.level, said.role, family), {})[block.line] = said
    counted = [each for kind, each in found.items() if kind[1:] == ("version", "version") or _counts_on(each.values())]
    return {line: said for heads in counted if len(heads) > 1 for line, said in heads.items()}


def _letters(code: str) -> str:
    return code.rstrip("0123456789.abcdefghijklmnopqrstuvwxyz")


def _counts_on(heads: Collection[Head]) -> bool:
    """Say whether two of these codes differ, and one at least is no name of a thing."""
    codes = {said.id.lower() for said in heads}
    return len(codes) > 1 and not codes <= NOT_IDS
