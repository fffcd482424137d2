"""zennit with the rules of our composites, on networks of modules: an oracle for `test_composites`.

zennit asks for torchvision, whose import fails beside a CPU build of torch. It needs it for one module that is not used here,
so an empty one stands in. It sums by signed values; here a sum shares by magnitude as ours does, by a hook
of zennit's own kind.
"""

import sys
import types
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from app.classifiers.compact import Block

sys.modules.setdefault("zennit.torchvision", types.ModuleType("zennit.torchvision"))
pytest.importorskip("zennit", reason="zennit is not installed: pip install --no-deps -r requirements-oracles.txt")

from zennit import canonizers, composites, layer, rules  # noqa: E402 - behind the stand-in
from zennit.core import BasicHook  # noqa: E402

TINY = 1e-30


def by_magnitude() -> BasicHook:
    """A sum or an average shares by |x|."""
    return BasicHook(
        input_modifiers=[torch.abs],
        param_modifiers=[rules.NoMod(param_keys=[])],
        output_modifiers=[lambda output: output],
        gradient_mapper=lambda gradient, outputs: gradient / (outputs[0] + TINY),
        reducer=lambda inputs, gradients: inputs[0] * gradients[0],
    )


def added(block: Any, x: Tensor) -> Tensor:
    """A residual block whose sum is a module."""
    main = block.bn2(block.conv2(block.relu1(block.bn1(block.conv1(x)))))
    return block.relu2(block.added(torch.stack([main, block.shortcut(x)], -1)))  # type: ignore[no-any-return]


def attributes(_: str, module: nn.Module) -> dict[str, Any] | None:
    """What modules are given: a residual block its sum, a merged normalisation no ε, which would scale its layer once more."""
    if isinstance(module, Block):
        return {"forward": added.__get__(module), "added": layer.Sum()}
    return {"eps": 0.0} if isinstance(module, nn.BatchNorm2d) else None


def maps(network: nn.Module, film: Tensor, composite: str, targets: range, gamma: float = 0.25) -> Tensor:
    """(targets, 1, h, w) from the logits."""
    convolutions = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    dense = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    low, high = film.amin().expand_as(film), film.amax().expand_as(film)
    first, others, end = {
        "EpsilonPlusFlat": (
            rules.Flat(stabilizer=TINY),
            rules.ZPlus(stabilizer=TINY, zero_params=["bias"]),
            rules.Epsilon(1e-6, zero_params=["bias"]),
        ),
        "EpsilonGammaBox": (rules.ZBox(low, high, stabilizer=TINY), rules.Gamma(gamma), rules.Epsilon(1e-6)),
        "Epsilon": (rules.Epsilon(1e-6), rules.Epsilon(1e-6), rules.Epsilon(1e-6)),
    }[composite]
    named = [([convolutions[0]], first), (convolutions[1:], others), (dense[:-1], end), (dense[-1:], rules.Epsilon(TINY))]
    merged = [canonizers.SequentialMergeBatchNorm(), canonizers.AttributeCanonizer(attributes)]
    by_name = composites.NameMapComposite([entry for entry in named if entry[0]], canonizers=merged)
    by_kind = composites.LayerMapComposite(
        [
            ((nn.ReLU, nn.SiLU, nn.BatchNorm2d), rules.Pass()),
            (layer.Sum, by_magnitude()),
            ((nn.AdaptiveAvgPool2d, nn.AvgPool2d), by_magnitude()),
        ]
    )
    found = []
    with by_name.context(network) as one, by_kind.context(one) as hooked:
        for target in targets:
            leaf = film.clone().requires_grad_()
            answer = hooked(leaf)
            seed = torch.zeros_like(answer)
            seed[0, target] = answer[0, target].detach()
            found.append(torch.autograd.grad(answer, leaf, seed)[0].sum(1))
    return torch.stack(found)
