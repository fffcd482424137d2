"""What a state dict is, by names and shapes alone; and a sentence that helps where it is none of ours."""

import re

import pytest
import torch

from app.adoption import cli
from app.adoption.checkpoint import State
from app.adoption.recognition import HEADS, LAYERS, recognise
from app.errors import ModelError
from tests import checkpoints, checkpoints_mobile


@pytest.mark.parametrize(
    ("name", "outputs", "channels"),
    [
        ("densenet-121", 14, 3), ("densenet-169", 2, 1), ("densenet-201", 2, 3), ("resnet-18", 2, 1), ("resnet-34", 5, 3),
        ("resnet-50", 7, 1), ("resnet-101", 2, 3), ("efficientnet-b0", 14, 3), ("efficientnet-lite0", 3, 1),
        ("convnext-tiny", 4, 3),
    ],
)  # fmt: skip
def test_architecture_outputs_and_channels_are_read_off(name: str, outputs: int, channels: int) -> None:
    state = checkpoints.make(name, outputs, channels)
    found = recognise(dict(state))
    assert (found.architecture, found.outputs, found.channels) == (name, outputs, channels)
    assert found.state.keys() == state.keys()
    assert found.told == ()
    assert found.thresholds is None


@pytest.mark.parametrize("prefix", ["module.", "model.", "module.backbone."])
def test_a_common_prefix_is_dropped_and_told(resnet18: State, prefix: str) -> None:
    found = recognise({prefix + name: value for name, value in resnet18.items()})
    assert found.state.keys() == resnet18.keys()
    assert found.told == (f"the prefix “{prefix}” was dropped from the names",)


def test_chexnets_way_of_naming_is_understood() -> None:
    """A wrapper's prefix, ``norm.1`` for ``norm1``, the head in a sequence before its sigmoid, and no counters of batches."""
    state = checkpoints.densenet(14)
    old: State = {}
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        written = re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name)
        old["module.densenet121." + written.replace("classifier.", "classifier.0.")] = value
    found = recognise(old)
    assert found.architecture == "densenet-121"
    assert found.state.keys() == state.keys()
    assert all(torch.equal(found.state[name], state[name]) for name in state if not name.endswith("tracked"))
    assert len(found.told) == 4


@pytest.mark.parametrize("name", ["efficientnet-b0", "efficientnet-lite0"])
def test_timms_names_of_an_efficientnet_are_understood(name: str) -> None:
    state = checkpoints.make(name, 3, 1)
    named = checkpoints_mobile.timm(state)
    assert len(named) == len(state)
    assert {"conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.6.0.conv_pwl.weight", "classifier.bias"} <= named.keys()
    found = recognise({f"model.{key}": value for key, value in named.items()})
    assert found.architecture == name
    assert found.state.keys() == state.keys()
    assert all(torch.equal(found.state[key], value) for key, value in state.items())
    assert len(found.told) == 3


@pytest.mark.parametrize(("name", "own"), [("efficientnet-b0", "classifier.1"), ("convnext-tiny", "classifier.2")])
@pytest.mark.parametrize("other", ["classifier", "classifier.3", "classifier.2.1"])
def test_a_last_layer_that_was_put_in_the_place_of_the_old_one_is_found(name: str, own: str, other: str) -> None:
    state = checkpoints.make(name, 3)
    moved = {key.replace(f"{own}.", f"{other}."): value for key, value in state.items()}
    found = recognise(moved)
    assert found.state.keys() == state.keys()
    assert found.told == (f"the last layer is “{other}” in the file; its logits are taken, whatever followed it",)


def test_the_command_line_offers_what_is_recognised() -> None:
    assert set(cli.ARCHITECTURES) == set(HEADS) == set(LAYERS)


def test_names_that_could_be_meant_twice_are_left_alone() -> None:
    state = checkpoints.densenet(2)
    at = "features.denseblock1.denselayer1."
    state[f"{at}norm.1.weight"] = state[f"{at}norm1.weight"].clone()
    with pytest.raises(ModelError, match=r"Unexpected: .*norm\.1\.weight"):
        recognise(state)


def test_torchxrayvisions_operating_points_are_found() -> None:
    state = checkpoints.densenet(18, 1)
    state["op_threshs"] = torch.full((18,), 0.1)
    found = recognise(state)
    assert found.thresholds is not None
    assert found.thresholds.shape == (18,)
    assert "op_threshs" not in found.state
    with pytest.raises(ModelError, match="op_threshs"):
        recognise(checkpoints.densenet(18, 1) | {"op_threshs": torch.ones(3)})


def changed(state: State, without: str = "", **more: torch.Tensor) -> State:
    kept = {name: value for name, value in state.items() if name != without}
    return kept | {name.replace("__", "."): value for name, value in more.items()}


def test_missing_unexpected_and_misshapen_entries_are_named(resnet18: State) -> None:
    with pytest.raises(ModelError, match=r"Missing: layer2\.0\.bn1\.bias\. Unexpected: none"):
        recognise(changed(resnet18, "layer2.0.bn1.bias"))
    with pytest.raises(ModelError, match=r"Missing: none\. Unexpected: layer2\.0\.se\.weight"):
        recognise(changed(resnet18, layer2__0__se__weight=torch.ones(2)))
    with pytest.raises(ModelError, match=r"“bn1\.weight” has the shape \(3,\); a resnet-18 has \(64,\)"):
        recognise(changed(resnet18, bn1__weight=torch.ones(3)))
    with pytest.raises(ModelError, match=r"“fc\.bias” holds numbers that are not finite"):
        recognise(changed(resnet18, fc__bias=torch.tensor([0.0, float("nan"), 1.0])))
    with pytest.raises(ModelError, match="5 input channels"):
        recognise(changed(resnet18, conv1__weight=torch.ones(64, 5, 7, 7)))
    with pytest.raises(ModelError, match=r"no “fc\.weight”"):
        recognise(changed(resnet18, "fc.weight"))


def test_several_last_layers_are_refused_and_one_behind_dropout_is_taken(resnet18: State) -> None:
    one = {name.replace("fc.", "fc.1."): value for name, value in resnet18.items()}
    assert recognise(dict(one)).state.keys() == resnet18.keys()
    with pytest.raises(ModelError, match=r"several layers \(fc\.1, fc\.3\)"):
        recognise(one | {"fc.3.weight": torch.ones(2, 3)})


def test_other_architectures_are_refused_with_those_that_are_supported(resnet18: State) -> None:
    with pytest.raises(ModelError, match=r"a ResNet of \(2, 2, 2\) blocks\)\. Supported: DenseNet-121"):
        recognise({name: value for name, value in resnet18.items() if not name.startswith("layer4")})
    with pytest.raises(ModelError, match=r"unknown; its first names are encoder\.0\.weight\)\. Supported"):
        recognise({"encoder.0.weight": torch.ones(2)})
    with pytest.raises(ModelError, match="those of a resnet-18, not of a resnet-34"):
        recognise(dict(resnet18), "resnet-34")
