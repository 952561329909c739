"""the shell around the engine: performs its commands, loops or ticks once"""

from branchline.dispatch.coordinator import Coordinator, Hooks

__all__ = ["Coordinator", "Hooks"]
