"""show the tree, Y/n/edit, approve by digest

`show` draws a draft graph for a person, `ask` takes the answer, `keys` and the editor change the draft, `policy` says
what may not start without a person, and `patch` compares a draft with the one before.
"""
