"""The command that plays a plan without running it."""

from random import Random

from branchline.cli.console import console
from branchline.cli.parser import Parser, new, show
from branchline.config import duration
from branchline.schedule import STRATEGIES
from branchline.workflow import simulate as workflow


def run(name: str, words: list[str]) -> int:
    """Run the command."""
    args = parser(name).parse_args(words)
    how = workflow.How(args.jobs, args.strategy, duration(args.optimise), args.noise, lambda: Random(args.seed).random)  # noqa: S311 - dice, no secrets
    return show(workflow.simulate(console(args), args.plan, how, args.svg), args)


def parser(name: str) -> Parser:
    """The parser of the command."""
    made = new(name)
    made.add_argument(
        "plan",
        nargs="?",
        default="",
        help="the plan, or a JSON file of tasks with id, duration, depends_on and demand (default: the newest plan)",
    )
    made.add_argument("-j", dest="jobs", type=int, metavar="N", help="how many workers at once")
    made.add_argument("--strategy", choices=(*STRATEGIES, "all"), default="all", help="one strategy (default: all)")
    made.add_argument(
        "--optimise", default="0.2s", metavar="S", help="search so long for critical-path (default: 0.2s; 0: not)"
    )
    made.add_argument("--seed", type=int, default=1, metavar="N", help="the seed of search and noise (default: 1)")
    made.add_argument(
        "--noise", type=float, default=0.0, metavar="SIGMA", help="tasks take longer or shorter than expected by this"
    )
    made.add_argument("--svg", default="", metavar="FILE", help="write the chart to FILE")
    return made
