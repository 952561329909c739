"""`python -m branchline` is the same program as `branchline`."""

import sys

from branchline.cli import main

sys.exit(main())
