"""superpowers plans: `### Task N`, Files with roles, test-first steps with Run and Expected; one task is atomic."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect(
    "superpowers",
    lambda signs: signs.task_heads > 0 and ("superpowers:" in signs.text or signs.step_boxes > 1),
    test_first=True,
)
