"""What a measurement asks for, and which examples a query gets.

Examples come from the set's `train` pictures where the data has them and they were not asked for themselves,
else from the pictures asked for; never the query's own photo, nor another order of its scene (NLVR).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from training.data.manifest import Record
from training.data.pool import in_classes, nlvr_scene
from training.evaluation.media import Picture
from training.evaluation.queries import Group, Selection

Photos = Literal["different", "same"]
# Examples of a set are drawn among so many of its pictures, by the seed.
POOL = 1000

Mean = Callable[[Picture], NDArray[np.float32]]


class HasRecord(Protocol):
    """Something about one record of the manifest."""

    @property
    def record(self) -> Record: ...


Item = TypeVar("Item", bound=HasRecord)


@dataclass(frozen=True)
class Request:
    """One condition. `limit`: queries a set; `seed` draws them, `example_seed` their examples.

    `ways`: classes of a binding episode, names of a ranking (None: all of the set's). `shots` counts
    examples of a prompt, with `per_class` (and in binding) examples of each class. `mean` gives a
    picture's mean feature, of length 1.
    """

    records: Sequence[Record]
    pool: Sequence[Record]
    mean: Mean
    shots: int = 0
    limit: int = 200
    seed: int = 0
    example_seed: int = 0
    ways: int | None = None
    classes: frozenset[str] | None = None
    selection: Selection = "random"
    photos: Photos = "different"
    per_class: bool = False
    text_examples: bool = False

    def sets(self) -> list[str]:
        """Names of the sets asked for."""
        return sorted({record.set for record in self.records})

    def members(self, name: str, labelled: bool = False) -> list[Record]:
        """A set's pictures to ask about; with `labelled` those of the classes asked for."""
        return self._of(self.records, name, labelled)

    def examples(self, name: str, labelled: bool = False) -> list[Record]:
        """A set's pictures to take examples from."""
        return self._of(self.pool, name, labelled) or self.members(name, labelled)

    def _of(self, records: Sequence[Record], name: str, labelled: bool) -> list[Record]:
        found = [record for record in records if record.set == name]
        if not labelled:
            return found
        named = [record for record in found if record.label]
        if self.classes is None:
            return named
        return [record for record in named if in_classes(record, self.classes)]

    def rng(self, *names: str) -> random.Random:
        """Draws queries: the same under every number of shots."""
        return random.Random("/".join((str(self.seed), *names)))

    def example_rng(self, *names: str) -> random.Random:
        """Draws examples."""
        return random.Random("/".join((str(self.seed), str(self.example_seed), "shots", *names)))


Source = Callable[[Request], Iterator[Group]]


def pool_of(all_records: Sequence[Record], splits: Sequence[str]) -> list[Record]:
    """Where examples come from when `splits` are asked for."""
    split = {"train"} if "train" not in splits else set(splits)
    return [record for record in all_records if record.split in split]


class Chooser:
    """Chooses the examples of one set's queries."""

    def __init__(self, request: Request, items: Sequence[Item], rng: random.Random) -> None:
        self.request, self.rng = request, rng
        self.items: list[Item] = list(items)
        if len(self.items) > POOL:
            self.items = rng.sample(self.items, POOL)
        self._means: NDArray[np.float32] | None = None

    def choose(self, query: Record) -> list[Item] | None:
        """As many as asked for, in the order of the prompt; None where there are too few."""
        count, scene = self.request.shots, nlvr_scene(query)
        if self.request.selection == "rices":
            order = self._most_similar(query)
        else:
            order = self.rng.sample(self.items, min(len(self.items), 4 * count + 8))
        found = [item for item in order if nlvr_scene(item.record) != scene][:count]
        if len(found) < count:
            return None
        # The most similar example stands last, next to the query.
        return found[::-1] if self.request.selection == "rices" else found

    def _most_similar(self, query: Record) -> list[Item]:
        """One item a picture, by the cosine of its mean feature to the query's."""
        if self._means is None:
            one_each = {item.record.key: item for item in self.items}
            self.items = list(one_each.values())
            self._means = np.stack([self.request.mean(item.record) for item in self.items])
        order = np.argsort(-(self._means @ self.request.mean(query)), kind="stable")
        return [self.items[i] for i in order]


def nearest_mean(
    support: Sequence[Sequence[NDArray[np.float32]]], query: NDArray[np.float32]
) -> int:
    """The class whose support's mean is nearest to the query by cosine."""
    means = [np.mean(group, axis=0) for group in support]
    cosines = [float(mean @ query / np.linalg.norm(mean)) for mean in means]
    return int(np.argmax(cosines))
