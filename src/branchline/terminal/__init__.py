"""escaping, tables, trees, progress, Gantt

Everything a person reads passes through here, so that no title, log line or answer can move the cursor, reorder the
text or fill the screen. Here is `text`, which every command needs; `gantt` and `live` are imported by who draws with them,
and rich only then.
"""

from branchline.terminal.text import clip as clip
from branchline.terminal.text import colour as colour
from branchline.terminal.text import duration as duration
from branchline.terminal.text import lines as lines
from branchline.terminal.text import many as many
from branchline.terminal.text import safe as safe
from branchline.terminal.text import some as some
from branchline.terminal.text import tree as tree
from branchline.terminal.text import width_of as width_of
from branchline.terminal.text import wrap as wrap
