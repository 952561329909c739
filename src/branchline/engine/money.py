"""The budget of a run: what is spent and reserved, and the end of a turn as the moment to stop a worker (DESIGN, I12)."""

from branchline.budget import Purse, purse_of
from branchline.engine.state import Command, Emit, State
from branchline.model.run import Event, TaskRow


def purse(state: State) -> Purse:
    """What the run may still spend now; every task whose worker is at work, or is about to be, keeps its reservation."""
    policy, attempts = state.policy, state.attempts.values()
    model_of = policy.routing.model_of
    return purse_of(policy.terms, model_of, state.tasks, attempts, state.spent, state.whole, state.slotted)


def metered(state: State, event: Event) -> list[Command]:
    """A worker has ended a turn: count what it has used so far, and let it begin another one or not."""
    attempt, data = state.attempts[event.fence or 0], event.data
    model = attempt.model or data.get("model", "")
    attempt = attempt._replace(tokens=data["tokens"], cost=data["cost"], model=model)
    state.put_attempt(attempt)
    why = purse(state).refusal(attempt.task) if state.policy.terms and not attempt.cause else ""
    return [Emit(event._replace(kind="stopping", cause=why, data={}, seq=0))] if why else []


def unaffordable(state: State) -> dict[str, str]:
    """The tasks that could start but for the budget, while nothing is at work, with the words for it."""
    if not state.policy.terms:
        return {}
    made = purse(state)
    found = {task: made.obstacle(task) for task in (*state.ready, *state.broke)}
    return {task: words for task, words in found.items() if words}


def affordable(state: State) -> list[TaskRow]:
    """The tasks that were stopped for the budget and may go on: it was raised, or others have left something over."""
    if not state.broke:
        return []
    made = purse(state)
    return [state.tasks[task] for task in state.broke if not made.obstacle(task)]
