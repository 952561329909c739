"""Anything else: numbered lists, numbered headings and bullets of the sections that speak of work."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect("prose-list", lambda signs: signs.bullets >= 0)
