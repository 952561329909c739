"""A stored graph as networkx sees it."""

import json
from pathlib import Path
from typing import Any

from branchline.errors import GraphError


def load(path: Path | str) -> Any:
    """The stored graph as a `networkx.DiGraph`: tasks with their fields, edges from prerequisite to dependent.

    Raises GraphError when the file is no node-link JSON; it is not checked further (`store.read` does that).
    """
    import networkx

    node_link: Any = networkx.node_link_graph  # the two sets of stubs in use disagree about its parameters
    try:
        return node_link(json.loads(Path(path).read_text(encoding="utf-8")), edges="edges")
    except (ValueError, KeyError, TypeError, OSError, networkx.NetworkXError) as fault:
        raise GraphError(f"{path}: not a stored graph ({fault}); decompose the plan again", path=str(path)) from fault
