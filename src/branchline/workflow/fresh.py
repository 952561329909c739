"""What a run needs of a plan that is new or changed, or that nobody has approved yet; `Console.fresh` imports it."""

from branchline.workflow.plan import drafted, remarked, settle
from branchline.workflow.simulate import quickest

__all__ = ["drafted", "quickest", "remarked", "settle"]
