"""events to words: terminal, JSON, markdown, HTML

Everything here is made from recorded rows and says no more than they say. The dictionaries hold what was recorded,
as it was; what the texts show has passed `terminal.safe`. Only the standard library is imported.
"""

from branchline.report.causes import why as why
from branchline.report.causes import why_text as why_text
from branchline.report.final import done_lines as done_lines
from branchline.report.final import report as report
from branchline.report.final import report_markdown as report_markdown
from branchline.report.final import report_text as report_text
from branchline.report.proof import evidence as evidence
from branchline.report.proof import evidence_text as evidence_text
from branchline.report.proof import inbox as inbox
from branchline.report.proof import inbox_text as inbox_text
from branchline.report.proof import phase_evidence as phase_evidence
from branchline.report.proof import run_flag as run_flag
from branchline.report.spending import spending as spending
from branchline.report.spending import spending_text as spending_text
from branchline.report.standing import states as states
from branchline.report.standing import status as status
from branchline.report.standing import status_text as status_text
