"""How a program of ours that knows the standard library alone is started: as little of Python as can be."""

import os
import sys

_START = "import sys; sys.path.append({folder!r}); import {name}; {name}.main(sys.argv[1:])"


def bare(file: str) -> tuple[str, ...]:
    """Return the words that start `main` of a file; its own words follow, and it finds the files beside it.

    It is imported, not run: a file that is run is compiled anew at every start.
    """
    folder, name = os.path.split(file)
    return (sys.executable, "-I", "-S", "-c", _START.format(folder=folder, name=name.removesuffix(".py")))
