"""The kinds of Flamingo that can be converted."""

from training.convert.flamingo_mini import open_mini
from training.convert.idefics import open_idefics
from training.convert.openflamingo import open_openflamingo, open_otter
from training.convert.source import Kind, Open

KINDS: dict[Kind, Open] = {
    "openflamingo": open_openflamingo,
    "otter": open_otter,
    "idefics": open_idefics,
    "flamingo-mini": open_mini,
}
