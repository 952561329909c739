"""`adjacency` (stdlib: validate, expand, ready, rank, cycle path) and `analysis` (networkx)

Callers import the part they need, because the parts cost very different times to import: `adjacency` and `frontier` for
the running engine (stdlib only), `store` for files and the digest, `edit` for the YAML a person edits, `build` from
Plan to DraftGraph, `analysis` for the stored graph as networkx sees it.
"""

from branchline.graph.analysis import load

__all__ = ["load"]
