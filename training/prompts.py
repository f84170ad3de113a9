"""The prompts of the tasks. Training, evaluation and the manifest take them from here.

`<image>` stands for the picture; an answer follows after one space and ends with `<|endofchunk|>`.
"""

from dataclasses import dataclass

IMAGE = "<image>"


@dataclass(frozen=True)
class Prompt:
    """A template with `{fields}`, and how long an answer may get."""

    template: str
    max_new_tokens: int

    def text(self, **fields: str) -> str:
        """The text after the picture."""
        return self.template.removeprefix(IMAGE).format(**fields)


PROMPTS: dict[str, Prompt] = {
    "caption": Prompt("<image>Caption:", 30),
    "describe": Prompt("<image>Description:", 70),
    "question": Prompt("<image>Question: {question} Answer:", 16),
    "classify": Prompt("<image>Name:", 12),
    "subject": Prompt("<image>Subject:", 12),
    "scene": Prompt("<image>Scene:", 12),
    "list": Prompt("<image>Objects:", 40),
    "statement": Prompt("<image>Statement: {statement}. True or false:", 4),
}
