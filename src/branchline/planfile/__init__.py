"""text to Plan with line numbers, one file per dialect; and back

`read.parse` is the way in, `writeback.tick` the way back, `explain.explain` says what became of a line. This file stays
free of imports that cost time, for `writeback` is used by commands that must start at once.
"""

from branchline.planfile.dialects import DIALECTS

__all__ = ["DIALECTS"]
