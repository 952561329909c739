"""The tables that say what the tasks are where nothing else does (rule 7)."""

from branchline.planfile import tables
from branchline.planfile.blocks import Block
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, named_so


def task_tables(out: Outline) -> None:
    """Take the rows of tables with ids, or that begin with a title, in sections that say that they hold work.

    A list of a section that calls itself tasks comes before them. Ids beside a column of planned work (what it waits
    for, how long it takes, when it is done) say so of themselves.
    """
    for table in out.tables:
        found = tables.columns(table)
        if found is not None and found.key >= 0 and found.planned and _may_hold(out, table.section):
            tables.take(out, table, found, out.above(table.section))
    if out.drafts:
        return
    named = [heading for heading in out.headings if heading.cls in LIST_CLASSES and named_so(heading)]
    if any(heading.cls == "TASK" and out.direct.get(heading.line) for heading in named):
        return
    for heading in named:
        for table in tables.under(out, heading):
            found = tables.columns(table)
            if found is not None and (found.key >= 0 or found.title == 0 or found.kinds[0] == "status"):
                tables.take(out, table, found, out.above(heading))


def _may_hold(out: Outline, section: Block | None) -> bool:
    return section is None or (section.cls not in ("CRITERIA", "ORDER") and section.line not in out.strong)


def keyed_tables(out: Outline) -> None:
    """Take the rows of a table with a column of ids and one of titles."""
    for table in out.tables:
        if not _may_hold(out, table.section):
            continue
        found = tables.columns(table)
        if found is not None and (found.key >= 0 or "priority" in found.kinds):
            tables.take(out, table, found, out.above(table.section))


def milestone_tables(out: Outline) -> None:
    """Take the rows of a table of milestones or releases."""
    for table in out.tables:
        found = tables.of_phases(table) if table.kids and _may_hold(out, table.section) else None
        if found is not None:
            tables.take(out, table, found, out.above(table.section), 0.6)
