"""The process that looks for a regular expression: `python -I -S matcher.py`, so that it can be ended.

It reads {pattern, texts} from stdin and prints [[place in texts, start of the first match]]. Exit 3: the expression is
wrong, and stderr says why. Standard library only, and no import of our own.
"""

import json
import re
import resource
import sys
import warnings

MEMORY = 1 << 30


def main() -> int:
    """Search, with bounded memory: a small expression can ask for a great deal of it."""
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))
    asked = json.load(sys.stdin.buffer)
    warnings.simplefilter("ignore")  # what will be an error in a later Python is none yet
    try:
        expression = re.compile(asked["pattern"])
    except (re.error, OverflowError, RecursionError) as error:
        sys.stderr.write(f"{error or type(error).__name__}\n")
        return 3
    found = ((place, expression.search(text)) for place, text in enumerate(asked["texts"]))
    json.dump([[place, match.start()] for place, match in found if match], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
