"""One anatomy network fitted: stages of growing resolution, a truth that may be a set of codes, averaged weights, resumable."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from app.anatomy import BACKGROUND, HEART
from app.classifiers.attention_unet import STRUCTURES, AnatomyNetwork
from app.training.anatomy import views
from app.training.anatomy.material import NOT_LUNG, SIDE, SOURCES, Material, letters
from app.training.averaging import follow
from app.training.progress import Progress

KEPT_EVERY = 50
"""Steps between two checkpoints."""
LETTERS = 600
OUTPUTS = STRUCTURES + 1
"""The structures, and markers and text."""
DECAY = 0.99
MARKERS, OUTSIDE = 0.5, 0.15
"""How much markers weigh beside the structures, and a cell without a drawn one outside all structures: films have markers of
their own there."""


@dataclass(frozen=True, slots=True)
class Stage:
    """So many steps at one resolution; ``rate`` is the learning rate's peak over all stages."""

    side: int
    steps: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network is fitted; ``shares`` are the sources' in a batch, in the order of `SOURCES`."""

    widths: tuple[int, ...]
    stages: tuple[Stage, ...]
    shares: tuple[int, ...]
    rate: float
    decay: float

    @property
    def steps(self) -> int:
        """All of them."""
        return sum(stage.steps for stage in self.stages)


class Run:
    """A network in the making: its averaged copy, its optimiser, its chance, and how far it is; all of it in one checkpoint."""

    def __init__(self, plan: Plan, about: str, gated: bool, seed: int, path: Path, *, outputs: int = OUTPUTS) -> None:
        torch.manual_seed(seed)
        self.random = torch.Generator().manual_seed(seed)
        self.network, self.average = (AnatomyNetwork(outputs, plan.widths, gated) for _ in range(2))
        self.average.load_state_dict(self.network.state_dict())
        for one in (self.network, self.average):
            one.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=plan.rate, weight_decay=plan.decay)
        steps = plan.steps
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, plan.rate, total_steps=steps, pct_start=0.15)
        self.about, self.path, self.step = about, path, 0

    def restore(self) -> None:
        """Go on from the checkpoint, if it is of the same run."""
        if not self.path.is_file():
            return
        kept = torch.load(self.path, weights_only=True)
        if kept["about"] == self.about:
            self.step = kept["step"]
            self.random.set_state(kept["random"])
            for name in ("network", "average", "optimiser", "schedule"):
                getattr(self, name).load_state_dict(kept[name])

    def keep(self) -> None:
        """Write the checkpoint; the file is whole at every moment."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        names = ("network", "average", "optimiser", "schedule")
        state = {name: getattr(self, name).state_dict() for name in names}
        aside = self.path.with_suffix(".part")
        torch.save({"about": self.about, "step": self.step, "random": self.random.get_state(), **state}, aside)
        aside.replace(self.path)

    def learn(self, value: Tensor) -> None:
        """One step down a loss."""
        self.optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        follow(self.network, self.average, min(DECAY, self.step / (self.step + 10)))


def fit(plan: Plan, material: Material, *, gated: bool, seed: int, folder: Path, fresh: bool = False) -> AnatomyNetwork:
    """A fitted network in eval mode; a run that broke off goes on from its checkpoint in ``folder``."""
    about = json.dumps({**asdict(plan), "gated": gated, "films": len(material.films)}, sort_keys=True)
    run = Run(plan, about, gated, seed, folder / f"{'gated' if gated else 'plain'}-{seed}.pt")
    if not fresh:
        run.restore()
    rows = [torch.from_numpy(material.of(source, "train")) for source in SOURCES]
    shown = [(own, count) for own, count in zip(rows, plan.shares, strict=True) if count and len(own)]
    marks = torch.from_numpy(letters(LETTERS, 1)).float() / 255
    films, truth = torch.from_numpy(material.films), torch.from_numpy(material.truth)
    progress = Progress(run.path.stem, plan.steps, run.step)
    run.network.train()
    while run.step < plan.steps:
        index = torch.cat([own[torch.randint(len(own), (count,), generator=run.random)] for own, count in shown])
        batch = views.changed(films[index][:, None].float() / 255, truth[index].long(), marks, run.random)
        side = side_of(plan.stages, run.step)
        value = _loss_of(run.network, _resized(batch, side))
        run.learn(value)
        progress.advance(1, f"side {side}, loss {value.item():.3f}")
        if run.step % KEPT_EVERY == 0 or run.step == plan.steps:
            run.keep()
    return run.average.eval()


def side_of(stages: Sequence[Stage], step: int) -> int:
    """At which resolution a step is taken."""
    for stage in stages:
        if step < stage.steps:
            return stage.side
        step -= stage.steps
    return stages[-1].side


def _resized(batch: tuple[Tensor, Tensor, Tensor], side: int) -> tuple[Tensor, Tensor, Tensor]:
    films, truth, laid = batch
    if side < SIDE:
        films = F.interpolate(films, side, mode="bilinear", antialias=True)
        truth = F.interpolate(truth[:, None].float(), side, mode="nearest")[:, 0].long()
        laid = F.interpolate(laid[:, None], side, mode="area")[:, 0]
    return films, truth, laid


def _loss_of(network: AnatomyNetwork, batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    films, truth, laid = batch
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(((films - 0.5) * 4).contiguous(memory_format=torch.channels_last))
    return loss(logits.float(), truth, laid)


def loss(logits: Tensor, truth: Tensor, laid: Tensor) -> Tensor:
    """Minus the log of the probability of all codes that a cell may have, plus one minus the Dice of every structure where the
    truth knows it, plus the cross-entropy of markers and text."""
    logs = torch.log_softmax(logits[:, :STRUCTURES], 1)
    either = torch.logsumexp(logs[:, [BACKGROUND, HEART]], 1)
    exact = logs.gather(1, truth.clamp(max=STRUCTURES - 1)[:, None])[:, 0]
    told = torch.where(truth == NOT_LUNG, either, exact)
    shares = logs.exp()
    known = truth != NOT_LUNG
    overlaps = []
    for code in range(1, STRUCTURES):
        where = known if code == HEART else torch.ones_like(known)
        mine, own = (truth == code).float() * where, shares[:, code] * where
        overlaps.append((2 * (mine * own).sum() + 1) / (mine.sum() + own.sum() + 1))
    return -told.mean() + 1 - torch.stack(overlaps).mean() + MARKERS * _marked(logits[:, STRUCTURES], truth, laid)


def _marked(logits: Tensor, truth: Tensor, laid: Tensor) -> Tensor:
    """The cross-entropy of markers and text, plus one minus the Dice of the drawn ones and what is around them."""
    drawn = (laid > 0.3).float()
    near = F.max_pool2d(laid[:, None], 9, 1, 4)[:, 0] > 0.2
    weight = torch.where(near, 4.0, torch.where(views.outside(truth) | (truth == NOT_LUNG), OUTSIDE, 1.0))
    entropy = F.binary_cross_entropy_with_logits(logits, drawn, weight, reduction="sum") / weight.sum()
    share = logits.sigmoid() * near
    return entropy + 1 - (2 * (share * drawn).sum() + 1) / (share.sum() + drawn.sum() + 1)
