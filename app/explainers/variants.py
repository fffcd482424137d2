"""What a reader may ask of any method's map besides: how steady it is, and what it would be if the network knew nothing.

A variant is named behind a point: "lrp.sd", "cam.random-25". Its layer is asked for, computed and stored as a method's is. This
module says what there is, without torch; `app.explainers.varied` computes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Over = Literal["noise", "members", "random"]


@dataclass(frozen=True, slots=True)
class Variant:
    """``title`` with ``%(method)s`` for the method's title. ``over`` what varies: noise on the film, the members of a network,
    or the network's weights; ``parameters`` are those of the computation. ``spread``: the values are a standard deviation, from
    0 up. ``caution``: a sentence its pane shows always."""

    title: str
    summary: str
    over: Over
    spread: bool = False
    caution: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "mean": Variant(
            "%(method)s, mean over noise",
            "The mean of the map over eight copies of the film with a little noise: what of it is steady.",
            "noise",
        ),
        "sd": Variant(
            "%(method)s, SD over noise",
            "How far the map moves when the film gets a little noise: the standard deviation over eight copies.",
            "noise",
            spread=True,
        ),
        "members-mean": Variant(
            "%(method)s, mean over members",
            "The mean of the maps of the network's members, each alone.",
            "members",
        ),
        "members-sd": Variant(
            "%(method)s, SD over members",
            "How far the network's members disagree: the standard deviation over their maps, each alone.",
            "members",
            spread=True,
        ),
        "random-5": Variant(
            "%(method)s, top 5%% random",
            "The map that the method draws when the upper 5% of the network's layers are random: what stays is not learned.",
            "random",
            caution="The weights of the upper 5% of the network's layers are random here (seed 0): "
            "this map explains no answer. It shows what the method draws all the same.",
            parameters={"random_share": 5},
        ),
        "random-25": Variant(
            "%(method)s, top 25%% random",
            "The map that the method draws when the upper 25% of the network's layers are random: what stays is not learned.",
            "random",
            caution="The weights of the upper 25% of the network's layers are random here (seed 0): "
            "this map explains no answer. It shows what the method draws all the same.",
            parameters={"random_share": 25},
        ),
        "random-100": Variant(
            "%(method)s, all random",
            "The map that the method draws when all of the network's layers are random: what stays is the film, not learned.",
            "random",
            caution="The weights of all of the network's layers are random here (seed 0): "
            "this map explains no answer. It shows what the method draws all the same.",
            parameters={"random_share": 100},
        ),
    }
)
"""Every variant, by what stands behind the point."""


def parted(name: str) -> tuple[str, str]:
    """A method's name and the variant that a name asks for, "" for none: "lrp.sd" is ("lrp", "sd")."""
    method, _, variant = name.partition(".")
    return method, variant
