"""The sources of queries, by task. A source takes a request and yields groups, one a set or fewer."""

from training.evaluation.binding import binding, naming_by_class
from training.evaluation.drawn import clips, induction
from training.evaluation.pool import Request, Source
from training.evaluation.style import style
from training.evaluation.text_tasks import TEXT_TASKS

SOURCES: dict[str, tuple[Source, ...]] = {
    **{s.task: tuple(t for t in TEXT_TASKS if t.task == s.task) for s in TEXT_TASKS},
    "binding": (binding,),
    "style": (style,),
    "clips": (clips,),
    "induction": (induction,),
}
# Tasks whose classes or names `--ways` counts, and those whose examples can be chosen by likeness.
TAKES_WAYS = frozenset({"binding", "naming", "subject", "scene"})
TAKES_SELECTION = frozenset(source.task for source in TEXT_TASKS)


def sources_of(task: str, request: Request) -> tuple[Source, ...]:
    """The sources of a task under a request."""
    if task == "naming" and request.per_class:
        return (naming_by_class,)
    return SOURCES[task]
