"""LRP's composites side by side on phantoms, each beside zennit's own map of the same composite and network.

zennit comes with the development packages and is never imported by the product. It merges batch normalisation into the layer
before it and shares a block's sum by signed values, as its documentation does for residual networks; we share by magnitude. Its
seed is the logit, which is ours plus the last bias. Its flat rule and z⁺ are ours but for the biases, which z⁺ gives a share.
"""

import sys
import types
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from app.classifiers.compact import Block
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.errors import InputError, Unavailable
from app.explainers.base import Relevance
from app.explainers.methods.lrp import LRP
from app.explainers.relevance.lrp import COMPOSITES
from app.explainers.trace import Trace
from app.reporting import cases, variants
from app.reporting.kept import Kept
from app.reporting.variants import Variant

MODEL = "chest-phantom"
MEASURES = ("pointing", "pointing, smoothed", "between findings", "Σ|R| ÷ seed", "absorbed", "lost")


def compared(name: str, each: int, keep: Path | None = None) -> Iterator[str]:
    """The table's lines, over ``each`` phantoms per finding, seeds that no training run saw. ``keep``: the folder of what was
    measured before."""
    settings = Settings()
    registry = Registry(settings.models)
    classifier = Loaded(registry, settings.device).get(registry.card(name))
    if not classifier.card.phantom:
        raise InputError("“%(name)s” reads no phantoms; name a phantom network.", {"name": name})
    zennit = Zennit(classifier.network)
    known = list(cases.phantoms(classifier.card.findings, each))
    beside = [Variant(composite, LRP(composite=composite).relevance) for composite in COMPOSITES]
    beside += [Variant(f"{composite}, zennit", partial(zennit.relevance, composite)) for composite in COMPOSITES]
    values, kept = [], Kept.at(keep, "composites", classifier.card, [variant.name for variant in beside])
    for index, value in enumerate(variants.pointing(classifier, known, beside, kept)):
        values.append(value)
        if index % 5000 == 4999:
            print(f"{len(values)} figures", flush=True)
    yield from variants.lines(variants.summarised(values), MEASURES)


class Zennit:
    """zennit on the same network object; it hooks it for a call and lets go again."""

    def __init__(self, network: nn.Module) -> None:
        sys.modules.setdefault("zennit.torchvision", types.ModuleType("zennit.torchvision"))  # it wants torchvision, needs none
        try:
            from zennit import canonizers, composites, layer, rules  # noqa: PLC0415 - a development package, for this only
        except ImportError as error:
            raise Unavailable("The libraries to compare with are not installed; run “make develop”.") from error
        self.network = network

        def summed(block: Any, x: Tensor) -> Tensor:
            main = block.bn2(block.conv2(block.relu1(block.bn1(block.conv1(x)))))
            return block.relu2(block.added(torch.stack([main, block.shortcut(x)], -1)))  # type: ignore[no-any-return]

        def attributes(_: str, module: nn.Module) -> dict[str, Any] | None:
            if isinstance(module, Block):
                return {"forward": summed.__get__(module), "added": layer.Sum()}
            return None

        merged = [canonizers.SequentialMergeBatchNorm(), canonizers.AttributeCanonizer(attributes)]
        shared = [*composites.layer_map_base(), (layer.Sum, rules.Norm())]
        everywhere = [*shared, (nn.Conv2d, rules.Epsilon(1e-6)), (nn.Linear, rules.Epsilon(1e-6))]
        self.made: dict[str, Callable[[Tensor], Any]] = {
            "EpsilonPlusFlat": lambda _: composites.EpsilonPlusFlat(canonizers=merged),
            "EpsilonGammaBox": lambda x: composites.EpsilonGammaBox(
                low=x.amin().expand_as(x), high=x.amax().expand_as(x), canonizers=merged
            ),
            "Epsilon": lambda _: composites.LayerMapComposite(everywhere, canonizers=merged),
        }

    def relevance(self, composite: str, trace: Trace, targets: Sequence[int]) -> Relevance:
        """zennit's maps, from the logit."""
        film = trace.input.detach()
        made, maps = self.made[composite](film), []
        with made.context(self.network) as hooked, torch.enable_grad():
            for target in targets:
                leaf = film.clone().requires_grad_()
                answer = hooked(leaf)
                seed = torch.zeros_like(answer)
                seed[:, target] = answer[:, target].detach()
                maps.append(torch.autograd.grad(answer, leaf, seed)[0].sum(1))
        return Relevance(torch.stack(maps), trace.logits[:, list(targets)].T.double())
