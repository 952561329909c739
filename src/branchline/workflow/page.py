"""`report --format html`: the report as one file, with graph, time line and the evidence of each task."""

from branchline import report as words
from branchline.model.run import Event
from branchline.report.page import report_html
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.left import is_home
from branchline.workflow.look import opened, report_of, rows_of, view_of


def report_page(console: Console, name: str) -> Answer:
    """The report of a run as HTML."""
    with opened(console, name) as (store, run):
        now = console.clock()
        rows = rows_of(store, run, now)
        found = report_of(store, run, rows, now, home=is_home(console, run))
        events: dict[str, list[Event]] = {}
        for event in store.events(run.run):
            events.setdefault(event.task or "", []).append(event)
        proofs = {row.task: words.evidence(row, events[row.task]) for row in rows if row.task in events}
        before = view_of(store, run, rows, now).adjacency.before
        page = report_html(found, rows, before, store.attempts(run.run), store.questions(run.run), proofs, now)
    return Answer({**found, "html": page}, page)
