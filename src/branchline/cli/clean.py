"""The command that clears away what is over."""

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.workflow.clean import clean


def run(name: str, words: list[str]) -> int:
    """Run the command."""
    args = parser(name).parse_args(words)
    return show(clean(console(args), args.run, dry_run=args.dry_run, save=args.salvage), args)


def parser(name: str) -> Parser:
    """The parser of the command."""
    made = new(name)
    made.add_argument("--run", default="", metavar="RUN", help="only this run (default: all)")
    made.add_argument("--dry-run", action="store_true", help="say what would be removed; remove nothing")
    made.add_argument("--salvage", action="store_true", help="save first what is neither merged nor saved")
    return made
