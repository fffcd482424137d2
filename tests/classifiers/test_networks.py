"""The architectures that checkpoints come in: the names of torchvision's state dicts, and the same logits."""

import pytest
import torch

from app.classifiers.networks import build
from app.errors import ModelError
from tests import checkpoints

FAMILIES = [
    ("densenet-121", 14, 3), ("densenet-121", 18, 1), ("densenet-169", 3, 1), ("densenet-201", 3, 3),
    ("resnet-18", 5, 3), ("resnet-34", 2, 1), ("resnet-50", 14, 3), ("resnet-101", 3, 1),
    ("efficientnet-b0", 14, 3), ("efficientnet-b0", 2, 1), ("efficientnet-lite0", 5, 3), ("convnext-tiny", 4, 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "outputs", "channels"), FAMILIES)
def test_a_state_dict_loads_strictly_and_gives_the_reference_s_logits(name: str, outputs: int, channels: int) -> None:
    """In double precision: a hundred layers of float32 round differently on every processor."""
    state = checkpoints.make(name, outputs, channels)
    network = build(name, outputs, {}, channels)
    network.load_state_dict(state, strict=True)
    network.double()
    state = {key: value.double() if value.is_floating_point() else value for key, value in state.items()}
    films = torch.randn(2, channels, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    films[1] = 4 * films[1] + 2  # another kind of film, not the same noise again
    with torch.inference_mode():
        found = network(films)
    wanted = checkpoints.reference(name, state, films)
    assert found.shape == (2, outputs)
    assert float((wanted[0] - wanted[1]).abs().max()) > 0.05, "the reference tells two films apart"
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


def test_the_state_dicts_have_as_many_entries_as_the_published_ones() -> None:
    """727, 1015 and 1207 of the DenseNets; 122, 218, 320 and 626 of the ResNets; 360 of EfficientNet-B0 and 182 of
    ConvNeXt-Tiny, as torchvision has them."""
    wanted = {
        "densenet-121": 727, "densenet-169": 1015, "densenet-201": 1207, "resnet-18": 122, "resnet-34": 218, "resnet-50": 320,
        "resnet-101": 626, "efficientnet-b0": 360, "efficientnet-lite0": 296, "convnext-tiny": 182,
    }  # fmt: skip
    assert {name: len(build(name, 3, {}).state_dict()) for name in wanted} == wanted


def test_an_architecture_of_one_channel_takes_no_three() -> None:
    with pytest.raises(ModelError, match="do not fit"):
        build("compact-residual", 3, {"widths": [4], "strides": [1]}, channels=3)
