"""The latent shift: a network's answer followed in the latent space of an autoencoder (Cohen 2021), for any network.

A film's latent is moved along one direction per network and finding, the mean gradient over many films, until the answer is
what it is on films without the finding. Everything is compared with the reconstruction, never with the film: what an
autoencoder loses is no explanation. A reconstruction that alone moves the answer makes a shift worthless, and is refused.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from app.classifiers.autoencoder import Autoencoder
from app.classifiers.card import Card
from app.classifiers.classifier import Classifier
from app.counterfactuals.edit import STRONGEST, Edit
from app.counterfactuals.generating import span
from app.counterfactuals.mixing import mixed
from app.counterfactuals.there import SHIFTS, shifts
from app.domain import Extent, Image, Series, frozen
from app.errors import ModelError

STEPS = 32
"""So many steps are tried at most."""
STEP = 0.04
"""How long one is, of the length of the film's latent."""
CHANGED, MOST_CHANGED = 0.02, 0.05
"""A pixel counts as changed by more than this share of the range; when so many are, the shift ends."""
MOST_MOVED = 0.25
"""Of the gap between called and normal films; a reconstruction that moves the answer further is refused."""

Asked = Callable[[Tensor], Tensor]
"""Films (b, 1, side, side) in −2 … 2 as the autoencoder has them → calibrated log-odds (b,) of a finding, differentiable."""


@dataclass(frozen=True, slots=True, eq=False)
class Shifted:
    """A film's shift. ``frames`` float32 (k, side, side): what each step changes of the reconstruction, in shares of the range,
    the first 0; ``answers`` (k,) the log-odds of the frames, the first of the reconstruction; ``film`` that of the film itself.
    ``one`` is the frame of strength 1; frames up to strength 1.5 follow. ``reached``: the answer was, and not the end of what
    may be changed. ``refused``: the reconstruction alone moved the answer too far."""

    frames: NDArray[np.float32]
    answers: NDArray[np.float32]
    film: float
    one: int
    reached: bool
    refused: bool
    extent: Extent
    black: float
    white: float

    def edit(self, strength: float = 1.0) -> Edit:
        """The edit of a strength in [0, 1.5], to be applied at strength 1: between two frames a mixture of both."""
        residual = mixed(self.frames, self.one, strength)
        nothing = np.zeros((2, 1, 1), np.float32)
        return Edit(nothing, np.ones((1, 1), np.float32), residual, self.extent, self.black, self.white)


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Which way a finding's answer lies: ``along`` float32 (c, h, w) of length 1, towards more of it; ``goal``, the median
    log-odds of films without it, and ``gap``, how far those of called films lie above."""

    along: Tensor
    goal: float
    gap: float


def write_ways(folder: Path, network: Card, encoder: Card, ways: Mapping[str, Way]) -> None:
    """Keep the ways of a network's findings in its folder, with the versions of both networks that they are of."""
    told = {name: [way.goal, way.gap] for name, way in ways.items()}
    about = {"network": network.sha256, "autoencoder": encoder.sha256, "ways": json.dumps(told)}
    data = save({name: way.along.to(torch.float16).contiguous() for name, way in ways.items()}, about)
    aside = folder / (SHIFTS + ".part")
    aside.write_bytes(data)
    aside.replace(folder / SHIFTS)


def read_ways(network: Card, encoder: Card) -> dict[str, Way]:
    """The ways that lie in a network's folder; none where they are of other versions, or not there."""
    told = shifts(network, encoder)
    if not told:
        return {}
    with safe_open(network.folder / SHIFTS, "pt") as file:
        return {name: Way(file.get_tensor(name).float(), *numbers) for name, numbers in told.items()}


def seen(network: Classifier, finding: int, encoder: Classifier, image: Image) -> Asked:
    """How a network answers films that an autoencoder draws in place of an image: brought to the network's own rectangle,
    size and scale. ModelError for a network that reads the chest in the canonical pose."""
    if network.upright:
        raise ModelError("“%(name)s” reads films in the canonical pose: no latent shift.", {"name": network.card.name})
    from_, to = encoder.extent(image), network.extent(image)
    how, size = network.card.preprocessing, network.card.input_size
    (theirs_black, theirs_white), (black, white) = span(network, image), span(encoder, image)
    stretch = (white - black) / max(theirs_white - theirs_black, 1e-6)
    shift = (black - theirs_black) / max(theirs_white - theirs_black, 1e-6)
    temperature = network.card.temperature[finding]

    def ask(films: Tensor) -> Tensor:
        planes = ((films / 4 + 0.5) * stretch + shift).clamp(0, 1)
        planes = _brought(planes, from_, to, size)
        planes = (planes - 0.5) * (how.scale[1] - how.scale[0]) + (how.scale[0] + how.scale[1]) / 2
        return network.network(network.channels(planes))[:, finding].float() / temperature  # type: ignore[no-any-return]

    return ask


def _brought(planes: Tensor, from_: Extent, to: Extent, size: int) -> Tensor:
    """Planes (b, 1, s, s) over one rectangle of an image on a grid of ``size`` over another; black beyond the first."""
    if from_ == to:
        return F.interpolate(planes, size, mode="bilinear", antialias=True)
    grids = []
    for low, high, start, end in ((to.left, to.right, from_.left, from_.right), (to.top, to.bottom, from_.top, from_.bottom)):
        at = low + (torch.arange(size, device=planes.device) + 0.5) * ((high - low) / size)
        grids.append((at - start) / (end - start) * 2 - 1)
    grid = torch.stack(torch.meshgrid(*grids, indexing="xy"), -1)[None].expand(len(planes), -1, -1, -1)
    return F.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def gradient(autoencoder: Autoencoder, latents: Tensor, ask: Asked) -> Tensor:
    """Where each latent (b, c, h, w) has to go for a higher answer, of length 1 each; 0 where the answer does not move."""
    latents = latents.detach().requires_grad_(True)
    with torch.enable_grad():
        answers = ask(autoencoder.decode(latents))
        found: Tensor = torch.autograd.grad(answers.sum(), latents)[0]
    return F.normalize(found.flatten(1), dim=1).view_as(found)


def direction(autoencoder: Autoencoder, films: Tensor, asks: Asked, batch: int = 16) -> Tensor:
    """The one direction of a network's finding: the mean of the gradients at films (n, 1, side, side) in −2 … 2, of length 1,
    (c, h, w). All of them are asked alike, as films of one shape are."""
    found = []
    for part in torch.split(films, batch):
        with torch.no_grad():
            latents = autoencoder.encode(part)
        found.append(gradient(autoencoder, latents, asks).sum(0))
    total = torch.stack(found).sum(0)
    return F.normalize(total.flatten(), dim=0).view_as(total)


@torch.no_grad()
def shift(
    encoder: Classifier, network: Classifier, image: Image, finding: str, along: Tensor, *, goal: float, gap: float
) -> Shifted:
    """An image's shift until the log-odds of a finding reach ``goal``, up or down, along a direction (c, h, w) of rising
    answers. ``gap``: the network's distance between called and normal films, in log-odds. ModelError where ``encoder`` is no
    autoencoder."""
    autoencoder = encoder.network
    if not isinstance(autoencoder, Autoencoder):
        raise ModelError("“%(name)s” is no autoencoder.", {"name": encoder.card.name})
    series = Series("", "", (image,))
    number = network.card.findings.index(finding)
    ask = seen(network, number, encoder, image)
    film = float(network.network(network.prepare(series))[0, number]) / network.card.temperature[number]
    latent = autoencoder.encode(encoder.prepare(series))
    plain = autoencoder.decode(latent)
    drawn = float(ask(plain)[0])
    refused = abs(drawn - film) > MOST_MOVED * gap
    sign = 1.0 if goal > drawn else -1.0
    pace = sign * STEP * float(latent.norm()) * along.to(latent)[None]
    frames, answers, one, reached, last = [torch.zeros_like(plain)], [drawn], 0, False, STEPS
    for step in range(1, STEPS + 1):
        if step > last:
            break
        moved = autoencoder.decode(latent + step * pace)
        frames.append((moved.clamp(-2, 2) - plain.clamp(-2, 2)) / 4)
        answers.append(float(ask(moved)[0]))
        if not one:
            reached = sign * (answers[-1] - goal) >= 0
            much = float((frames[-1].abs() > CHANGED).float().mean()) >= MOST_CHANGED
            if reached or much or step == STEPS:
                one, last = step, int(np.ceil(STRONGEST * step))
    black, white = span(encoder, image)
    return Shifted(
        frames=frozen(torch.cat(frames)[:, 0].float().cpu().numpy()),
        answers=frozen(np.array(answers, np.float32)),
        film=film,
        one=one,
        reached=reached,
        refused=refused,
        extent=encoder.extent(image),
        black=black,
        white=white,
    )
