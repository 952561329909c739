"""`adjacency` (stdlib: validate, expand, ready, rank, cycle path) and `analysis` (networkx)

Callers import the part they need, because the parts cost very different times to import: `adjacency` and `frontier` for
the running engine (stdlib only), `store` for files and the digest, `edit` for the YAML a person edits, `build` from
Plan to DraftGraph, `analysis` for what networkx knows.
"""

from branchline.graph.loading import load

__all__ = ["load"]
