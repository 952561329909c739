"""GSD: front matter and `<task>` elements with name, files, verify and done."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect("gsd-xml", lambda signs: signs.xml_tasks > 0, fallback=False)
