"""`adjacency` (stdlib: validate, expand, ready, rank, cycle path) and `analysis` (networkx)

Callers import the part they need, because the parts cost very different times to import: `adjacency` (stdlib only, for
the running engine), `store` (files, digest), `edit` (YAML for people), `build` (Plan to DraftGraph), `analysis`.
"""
