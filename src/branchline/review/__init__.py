"""show the tree, Y/n/edit, approve by digest

`show` draws a draft graph for a person, `ask` takes the answer, `keys` and the editor change the draft, `policy` says
what may not start without a person, and `patch` compares a draft with the one before.
"""

from branchline.review.ask import ask as ask
from branchline.review.ask import editing as editing
from branchline.review.ask import editor as editor
from branchline.review.patch import Patch as Patch
from branchline.review.patch import changes as changes
from branchline.review.patch import edited as edited
from branchline.review.patch import told as told
from branchline.review.policy import auto as auto
from branchline.review.policy import held as held
from branchline.review.show import render as render
