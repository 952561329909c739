"""one question to one model, answer validated, usage metered"""

from branchline.asker.answers import Answers
from branchline.asker.ask import Asker
from branchline.asker.planners import chosen
from branchline.asker.talk import Planner, Question, Usage

__all__ = ["Answers", "Asker", "Planner", "Question", "Usage", "chosen"]
