"""What is asked and answered about drawn scenes: captions, questions, statements, and single attributes."""

import random
from collections import Counter

from training.data.style import article
from training.drawn.scene import DIRECTIONS, Scene, Thing

NUMBERS = ("zero", "one", "two", "three", "four", "five", "six")


def plural(words: str) -> str:
    """The regular plural; names that are plural stay."""
    if words.endswith(("fish", "sheep")):
        return words
    if words.endswith(("ch", "sh", "x", "ss", "us")):
        return f"{words}es"
    if words.endswith("s"):
        return words
    if words.endswith("y") and words[-2] not in "aeiou":
        return f"{words[:-1]}ies"
    return f"{words}s"


def counted(count: int, words: str) -> str:
    """ "a dog", "three dogs"."""
    return f"{article(words)}{words}" if count == 1 else f"{NUMBERS[count]} {plural(words)}"


def tally(scene: Scene) -> Counter[str]:
    """How many of each thing."""
    return Counter(thing.full_name for thing in scene.things)


def _size(thing: Thing) -> str:
    return "large" if thing.size > 0.45 else "small"


def _place(scene: Scene) -> tuple[str, str]:
    """Names of the things that are left or above, and right or below."""
    return scene.things[0].full_name, scene.things[1].full_name


def caption(scene: Scene) -> str:
    """One sentence."""
    if scene.kind == "pair":
        first, second = (f"{article(words)}{words}" for words in _place(scene))
        where = "to the left of" if scene.axis == "across" else "above"
        text = f"{first} {where} {second}"
    elif scene.kind == "many":
        parts = [counted(count, words) for words, count in tally(scene).items()]
        text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    else:
        thing = scene.things[0]
        text = f"a {_size(thing)} {thing.full_name}"
    return text[:1].upper() + text[1:]


def attributes(scene: Scene) -> dict[str, str]:
    """Single facts that examples can ask for without a word."""
    facts: dict[str, str] = {}
    if scene.kind == "one":
        thing = scene.things[0]
        facts |= {"name": thing.name, "size": _size(thing)}
        if thing.color:
            facts["color"] = thing.color
        if abs(thing.x - 0.5) > 0.12:
            facts["side"] = "left" if thing.x < 0.5 else "right"
        if abs(thing.y - 0.5) > 0.12:
            facts["height"] = "top" if thing.y < 0.5 else "bottom"
    elif scene.kind == "many":
        facts |= {"count": str(len(scene.things)), "sorts": str(len(tally(scene)))}
    elif scene.kind == "pair":
        first, second = (thing.name for thing in scene.things)
        side = ("left", "right") if scene.axis == "across" else ("upper", "lower")
        facts |= {f"{side[0]} thing": first, f"{side[1]} thing": second}
    return facts


def question(scene: Scene, rng: random.Random, wrong: str) -> tuple[str, str]:
    """A question and its answer; `wrong` is a thing that is perhaps not there."""
    if scene.kind == "pair":
        first, second = _place(scene)
        words = (
            ("to the left of", "to the right of") if scene.axis == "across" else ("above", "below")
        )
        side = rng.randrange(2)
        asked, answer = ((second, first), (first, second))[side]
        if rng.random() < 0.5:
            return f"What is {words[side]} the {asked}?", answer
        truth = rng.random() < 0.5
        return (
            f"Is the {answer if truth else asked} {words[side]} the {asked if truth else answer}?",
            "yes" if truth else "no",
        )
    if scene.kind == "many":
        counts = tally(scene)
        asked = rng.choice(list(counts))
        which = rng.random()
        if which < 0.55:
            return f"How many {plural(asked)} are there?", str(counts[asked])
        if which < 0.7:
            return "How many things are there?", str(len(scene.things))
        here = rng.random() < 0.5
        asked = asked if here else wrong
        return f"Is there {article(asked)}{asked}?", "yes" if counts[asked] else "no"
    thing = scene.things[0]
    choices = [("What is this?", thing.full_name)]
    if thing.color:
        choices.append((f"What color is the {thing.name}?", thing.color))
        choices.append((f"What shape is {thing.color}?", thing.name))
    facts = attributes(scene)
    if "side" in facts:
        choices.append((f"On which side is the {thing.name}, left or right?", facts["side"]))
    choices.append((f"Is the {thing.name} large or small?", facts["size"]))
    return rng.choice(choices)


def statement(scene: Scene, rng: random.Random, wrong: str) -> tuple[str, str]:
    """A sentence, and "true" or "false", as often the one as the other."""
    truth = rng.random() < 0.5
    if scene.kind == "pair":
        first, second = _place(scene)
        if not truth:
            first, second = second, first
        where = "to the left of" if scene.axis == "across" else "above"
        text = f"The {first} is {where} the {second}"
    elif scene.kind == "many":
        counts = tally(scene)
        asked = rng.choice(list(counts))
        number = counts[asked]
        if not truth:
            number = rng.choice([n for n in range(1, 7) if n != number])
        verb = "is" if number == 1 else "are"
        text = f"There {verb} {NUMBERS[number]} {asked if number == 1 else plural(asked)}"
    else:
        there = scene.things[0].full_name
        truth = truth or there == wrong
        shown = there if truth else wrong
        text = f"There is {article(shown)}{shown}"
    return text, "true" if truth else "false"


def direction(scene: Scene, backwards: bool) -> str:
    """Where a `move` goes."""
    return DIRECTIONS[(0 if scene.axis == "across" else 2) + backwards]
