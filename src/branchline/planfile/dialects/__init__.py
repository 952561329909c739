"""The dialects, in the order in which they are tried; a new one is a file and a row."""

from typing import Final

from branchline.planfile.dialects import (
    aidevops,
    bmad,
    checkbox,
    cursor,
    gsd_xml,
    kiro,
    openspec,
    phase_bullets,
    prose_list,
    speckit,
    superpowers,
    task_headings,
)
from branchline.planfile.dialects.base import Dialect

TABLE: Final[dict[str, Dialect]] = {
    module.DIALECT.name: module.DIALECT
    for module in (
        gsd_xml,
        cursor,
        aidevops,
        speckit,
        openspec,
        kiro,
        superpowers,
        bmad,
        task_headings,
        checkbox,
        phase_bullets,
        prose_list,
    )
}
DIALECTS: Final = tuple(TABLE)
"""Names of the dialects, in the order in which they are tried."""
