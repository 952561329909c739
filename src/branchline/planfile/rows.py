"""The tables that say what the tasks are where nothing else does (rule 7)."""

from branchline.planfile import tables
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft
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
    _alike(out)


def _alike(out: Outline) -> None:
    """Take the rows of the tables that tell states as those do whose rows are tasks already."""
    taken = {table.line for table in out.tables if any(row.line in out.drafts for row in table.kids)}
    shapes = {tables.kinds_of(table) for table in out.tables if table.line in taken}
    for table in out.tables if shapes else ():
        found = tables.columns(table) if table.line not in taken and _may_hold(out, table.section) else None
        if found is not None and "status" in found.kinds and found.kinds in shapes:
            tables.take(out, table, found, out.above(table.section))


def continuing_tables(out: Outline, draft: Draft) -> bool:
    """Take the rows below a task whose codes go on with its own; says whether there were any."""
    taken = False
    for table in tables.under(out, draft.block) if draft.hard else ():
        found = tables.continuing(table, draft.hard)
        if found is not None:
            taken = tables.take(out, table, found, draft) or taken
    return taken


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


def ordered_tables(out: Outline) -> None:
    """Take the rows that a section on the order of the work counts."""
    for heading in out.headings:
        for table in tables.under(out, heading) if heading.cls == "ORDER" or heading.cls in LIST_CLASSES else ():
            found = tables.counted(table)
            if found is not None:
                tables.take(out, table, found, out.above(heading), 0.7)


def counted_tables(out: Outline) -> None:
    """Take the rows of a table whose first column counts from 1, whatever language its head speaks."""
    for table in out.tables:
        found = tables.counted(table) if _may_hold(out, table.section) else None
        if found is not None:
            tables.take(out, table, found, out.above(table.section), 0.6)


def milestone_tables(out: Outline) -> None:
    """Take the rows of a table of milestones or releases, or else of one that draws or tells how far each is, where it is all."""
    for read in (tables.of_phases, tables.charted):
        for table in () if out.drafts else out.tables:
            found = read(table) if table.kids and _may_hold(out, table.section) else None
            if found is not None:
                tables.take(out, table, found, out.above(table.section), 0.6)
