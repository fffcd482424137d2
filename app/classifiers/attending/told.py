"""The maps that trainable attention makes of films, by what made them, for figures and for showing how they grew."""

import torch
from torch import Tensor, nn

from app.classifiers.attending.guided import CompactGuided, heat
from app.classifiers.attending.squeezed import Places
from app.classifiers.attention_unet import Gate


@torch.inference_mode()
def looks(network: nn.Module, films: Tensor) -> dict[str, Tensor]:
    """The attention's maps of films (n, 1, h, w), by the path of what made them: (n, rows, columns) in [0, 1]. {} for a network
    whose attention has no places."""
    found: dict[str, Tensor] = {}

    def keep(name: str, values: Tensor) -> None:
        found[name] = values.detach().float().cpu()

    hooks = [
        part.register_forward_hook(lambda _part, _given, made, name=name: keep(name, made[:, 0]))
        for name, part in network.named_modules()
        if isinstance(part, Gate | Places)
    ]
    if isinstance(network, CompactGuided):
        hooks.append(network.whole.register_forward_hook(lambda _part, _given, made: keep("whole", heat(made))))
    try:
        if hooks:
            network.eval()(films)
    finally:
        for hook in hooks:
            hook.remove()
    return found
