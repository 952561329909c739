"""worktrees, diffs, merges, salvage refs

`repository` is what the coordinator asks; `job` is the process that custody runs for the purposes setup, check and
merge. Callers import the submodule they need.
"""
