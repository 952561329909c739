"""The person at the other end: the streams, whether one can ask, and the environment."""

import argparse
import os
import sys

from branchline.proc import foreground
from branchline.terminal.text import reader
from branchline.workflow.console import Console


def console(args: argparse.Namespace) -> Console:
    """The console of this process; with `--json` people's words go to stderr and nobody is asked."""
    interactive = not args.json and sys.stdin.isatty() and sys.stdout.isatty()
    return Console(
        directory=args.directory.resolve(),
        env=dict(os.environ),
        out=sys.stderr if args.json else sys.stdout,
        read=reader(sys.stdin, sys.stdout),
        start=foreground,
        interactive=interactive,
    )
