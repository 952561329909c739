"""The tables that say what the tasks are where nothing else does (rule 7)."""

from branchline.planfile import labels, tables
from branchline.planfile.blocks import Block
from branchline.planfile.contents import take_items
from branchline.planfile.lists import numbered_work
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, MANY, named_so, plain_task
from branchline.planfile.sections import head


def task_tables(out: Outline) -> None:
    """Take the rows of tables with ids, or that begin with a title, in sections that say that they hold work.

    A list of a section that calls itself tasks comes before them. Ids beside a column of planned work (what it waits
    for, how long it takes, when it is done) say so of themselves; beside such a table others need ids.
    """
    for table in out.tables:
        found = tables.columns(table)
        if found is not None and found.key >= 0 and found.planned and _may_plan(out, table, found):
            tables.take(out, table, found, out.above(table.section))
    keyed = bool(out.drafts)
    named = [heading for heading in out.headings if heading.cls in LIST_CLASSES and named_so(heading)]
    if not keyed and any(heading.cls == "TASK" and out.direct.get(heading.line) for heading in named):
        return
    for heading in named:
        for table in tables.under(out, heading):
            found = tables.columns(table) if not table.kids or table.kids[0].line not in out.drafts else None
            if found is not None and (
                found.key >= 0 or (not keyed and (found.title == 0 or found.kinds[0] == "status"))
            ):
                tables.take(out, table, found, out.above(heading))


def _may_hold(out: Outline, section: Block | None) -> bool:
    return section is None or (section.cls not in ("CRITERIA", "ORDER") and section.line not in out.strong)


def _may_plan(out: Outline, table: Block, found: tables.Columns) -> bool:
    """Say whether a table that nothing else calls work may be one: `Problem statement` has none where a list says what to do."""
    told = table.section is not None and table.section.cls == "NONTASK" and "status" not in found.kinds
    return _may_hold(out, table.section) and not (told and numbered_work(out))


def alike(out: Outline) -> None:
    """Take the rows of tables with the very columns of one whose rows are tasks: `| Task | Hours |` below each area."""
    taken = [tables.heads(table) for table in out.tables if any(row.line in out.drafts for row in table.kids)]
    for table in out.tables if taken else ():
        found = tables.columns(table) if tables.heads(table) in taken and _may_hold(out, table.section) else None
        if (
            found is not None
            and (found.sure or tables.calls_tasks(table, found))
            and not any(row.line in out.drafts for row in table.kids)
        ):
            tables.take(out, table, found, out.above(table.section), 0.6)


def named_tables(out: Outline) -> None:
    """Take the rows of a table of planned work each of which names a task that nothing else names: `| Task 8 — Map | open |`."""
    known = {(draft.key, draft.number) for draft in out.drafts.values()}
    for table in out.tables:
        found = tables.columns(table) if _may_hold(out, table.section) else None
        if found is not None and found.planned and table.kids:
            said = [head(title) for title in tables.column(table, found.title)]
            if said and all(
                each.role == "task" and each.key != "id" and (each.key, each.number) not in known for each in said
            ):
                tables.take(out, table, found, out.above(table.section))


def under_heads(out: Outline) -> None:
    """Headings that are tasks, each over a table of tasks with ids, group what these list: `Layer 1` over `| # | Change |`."""
    for heads in out.subs.values():
        drafts = [out.drafts[each.line] for each in heads if each.line in out.drafts]
        drafts = [draft for draft in drafts if draft.role == "head" and not draft.kids]
        found = {draft.line: _keyed(out, draft.block) for draft in drafts}
        if sum(map(bool, found.values())) * 2 > len(drafts) > 1:
            for draft in drafts:
                for table, kept in found[draft.line]:
                    draft.role = "phase"
                    tables.take(out, table, kept, draft)


def _keyed(out: Outline, heading: Block) -> list[tuple[Block, tables.Columns]]:
    """The tables below a heading whose columns are ids and titles."""
    read = [(table, tables.columns(table)) for table in tables.under(out, heading)]
    return [(table, found) for table, found in read if found is not None and found.key >= 0]


def keyed_tables(out: Outline) -> None:
    """Take the rows of a table with a column of ids and one of titles, or of titles and what only work has."""
    for table in out.tables:
        found = tables.columns(table)
        keyed = found is not None and (found.key >= 0 or not {"priority", "depends"}.isdisjoint(found.kinds))
        if found is not None and keyed and _may_plan(out, table, found):
            tables.take(out, table, found, out.above(table.section))


def phases_told(out: Outline) -> None:
    """Take the rows of a table of phases or milestones where no heading names one: `| Milestone | Goal | Done when |`."""
    if any(draft.role in ("phase", "head", "row") for draft in out.drafts.values()):
        return
    for table in out.tables:
        found = tables.of_phases(table) if len(table.kids) >= MANY and _may_hold(out, table.section) else None
        if found is not None and not any(row.line in out.drafts for row in table.kids):
            tables.take(out, table, found, None, 0.6)
            return  # a second one tells the first again


def milestone_tables(out: Outline) -> None:
    """Take the rows of a table of milestones or releases: its head says so, or the heading over rows that have codes."""
    for table in out.tables:
        if table.kids and _may_hold(out, table.section):
            named = table.section is not None and table.section.cls in LIST_CLASSES and named_so(table.section)
            found = tables.of_phases(table) or (tables.of_codes(table) if named else None)
            if found is not None:
                tables.take(out, table, found, out.above(table.section), 0.6)


def delivered(out: Outline) -> None:
    """Take what a text delivers where it says nothing else of its work: the list or the table below `Deliverables`."""
    for heading in out.headings:
        if labels.kind(f"{heading.text}:") == "output":
            take_items(out, list(filter(plain_task, out.direct.get(heading.line, ()))), 0.5, "")
            for table in tables.under(out, heading):
                if (found := tables.columns(table) or tables.first(table)) is not None:
                    tables.take(out, table, found, out.above(heading), 0.5)
