"""frozen types and the table of legal moves; stdlib only

`plan` holds what comes from a text, `moves` the states and the legal moves between them, `run` what a run records.
"""
