"""Whether a critic sees through a film that a generator made: one per finding, which guided nobody. They lie in the generator's
folder.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from app.classifiers.card import Card
from app.classifiers.critic import WIDTHS, Critic

CRITICS = "critics.safetensors"
"""The file in a generator's folder."""


@dataclass(frozen=True, eq=False)
class Seeing:
    """A critic with its ``bound``: of films that nobody changed one in twenty looks more edited than that to it."""

    critic: Critic
    bound: float

    @torch.inference_mode()
    def through(self, films: Tensor) -> Tensor:
        """Which of films (n, 1, S, S), as the generator reads them, in −2 … 2, it takes for edited, bool (n,)."""
        found: Tensor = self.critic(films)[:, 0] > self.bound
        return found


def write(card: Card, critics: Mapping[str, Seeing]) -> None:
    """Put the critics of some findings into the generator's folder, in the place of earlier ones."""
    weights = {
        f"{finding}.{name}": value for finding, one in critics.items() for name, value in one.critic.state_dict().items()
    }
    about = {"generator": card.sha256, "bounds": json.dumps({finding: one.bound for finding, one in critics.items()})}
    aside = (card.folder / CRITICS).with_suffix(".partial")
    aside.write_bytes(save({name: value.contiguous() for name, value in weights.items()}, about))
    aside.replace(card.folder / CRITICS)


def read(card: Card, finding: str) -> Seeing | None:
    """The critic of a finding; None where there is none, or it was fitted to films of another version of the generator."""
    path = card.folder / CRITICS
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            bounds = json.loads(about.get("bounds", "{}"))
            if about.get("generator") != card.sha256 or finding not in bounds:
                return None
            names = [name for name in file.keys() if name.startswith(f"{finding}.")]  # noqa: SIM118 - it is no mapping
            weights = {name.removeprefix(f"{finding}."): file.get_tensor(name) for name in names}
    except (SafetensorError, OSError):
        return None
    critic = Critic(1, WIDTHS)
    critic.load_state_dict(weights)
    return Seeing(critic.eval(), float(bounds[finding]))
