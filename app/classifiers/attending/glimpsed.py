"""Hard attention in steps: a network that sees a film through a few small windows, and decides where to look next.

Mnih et al.: Recurrent Models of Visual Attention (RAM, 2014); on chest films Ypsilantis and Montana: Learning what to look in
chest X-rays with a recurrent visual attention model (2017). At every step a glimpse at two scales around the place l_t goes
into an LSTM, whose state answers and says where to look next. Training draws the next place around that, and learns it by
REINFORCE with a baseline (`app.training.attending`); reading looks where the state says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SPREAD = 0.12
"""Standard deviation of the place that training draws, where the film reaches from −1 to 1."""
FINE, COARSE = 0.25, 0.5
"""Sides of the two windows as shares of the film's."""
WINDOW = 32
"""Pixels of either window's side, as the network sees it."""
REACH = 0.75
"""How far from the middle a glimpse's centre may lie, where the film reaches from −1 to 1."""


@dataclass(frozen=True, slots=True)
class Path:
    """``places`` (batch, steps, 2): centres of the glimpses, across and down from −1 to 1; ``logits`` (batch, steps, findings)
    after each; ``chances`` (batch, steps − 1): log of the probability density with which every place but the first was drawn,
    (batch, 0) where none was; ``worth`` (batch, steps): the baseline's guess of the reward."""

    places: Tensor
    logits: Tensor
    chances: Tensor
    worth: Tensor


class Glimpse(nn.Module):
    """Both windows and their place as one vector."""

    def __init__(self, widths: Sequence[int], state: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((2, *widths), widths, strict=False):
            layers += [nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        self.what = nn.Sequential(*layers)
        self.seen = nn.Linear(widths[-1] * (WINDOW >> len(widths)) ** 2, state)
        self.where = nn.Linear(2, state)

    def forward(self, film: Tensor, place: Tensor) -> Tensor:
        """Film (batch, 1, h, w) around places (batch, 2) → (batch, state)."""
        windows = torch.cat([window(film, place, side) for side in (FINE, COARSE)], 1)
        return torch.relu(self.seen(self.what(windows).flatten(1)) + self.where(place))


class GlimpseNetwork(nn.Module):
    """See the module. ``steps`` glimpses; ``state`` numbers in the LSTM; ``widths`` of the windows' convolutions. The first
    glimpse is in the middle. ``explained_by`` names the one method that explains it: its path."""

    explained_by = "glimpses"

    def __init__(self, findings: int, widths: Sequence[int] = (32, 64, 96), state: int = 192, steps: int = 6) -> None:
        super().__init__()
        self.glimpse = Glimpse(widths, state)
        self.memory = nn.LSTMCell(state, state)
        self.next = nn.Linear(state, 2)
        self.worth = nn.Linear(state, 1)
        self.head = nn.Linear(state, findings)
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        """Film (batch, 1, h, w) → logits (batch, findings) after the last glimpse."""
        return self.path(x).logits[:, -1]

    def path(self, x: Tensor, random: torch.Generator | None = None) -> Path:
        """Where it looks and what it thinks after each glimpse; places are drawn where ``random`` is given. No gradient reaches
        a place through what is seen there."""
        place = x.new_zeros(len(x), 2)
        hidden = cell = x.new_zeros(len(x), self.memory.hidden_size)
        places, logits, chances, worth = [place], [], [], []
        for step in range(self.steps):
            hidden, cell = self.memory(self.glimpse(x, place), (hidden, cell))
            logits.append(self.head(hidden))
            worth.append(self.worth(hidden.detach())[:, 0])
            if step < self.steps - 1:
                mean = REACH * torch.tanh(self.next(hidden.detach()))
                drawn = mean if random is None else mean + SPREAD * torch.randn(mean.shape, generator=random).to(mean)
                place = drawn.detach().clamp(-REACH, REACH)
                if random is not None:
                    chances.append(-((drawn.detach() - mean) ** 2).sum(1) / (2 * SPREAD**2))
                places.append(place)
        none = x.new_zeros(len(x), 0)
        drawn_chances = torch.stack(chances, 1) if chances else none
        return Path(torch.stack(places, 1), torch.stack(logits, 1), drawn_chances, torch.stack(worth, 1))

    def from_plain(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:  # noqa: ARG002 - it has nothing of a plain network
        """It begins with nothing: no layer of a plain network has its windows."""
        return {}


def window(film: Tensor, place: Tensor, side: float) -> Tensor:
    """The square window of ``side`` (share of the film's) around places (batch, 2) in −1…1 of films (batch, 1, h, w):
    (batch, 1, WINDOW, WINDOW). A wide window is averaged before it is sampled; outside the film lies the film's border."""
    shrink = max(1, round(side * film.shape[-1] / WINDOW))
    seen = F.avg_pool2d(film, shrink) if shrink > 1 else film
    steps = (torch.arange(WINDOW, device=film.device, dtype=film.dtype) + 0.5) / WINDOW * 2 - 1
    down, across = torch.meshgrid(steps, steps, indexing="ij")
    grid = torch.stack([across, down], -1)[None] * side + place[:, None, None, :]
    return F.grid_sample(seen, grid, mode="bilinear", padding_mode="border", align_corners=False)
