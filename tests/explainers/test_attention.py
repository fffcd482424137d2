"""Networks with trainable attention: what they show of it is what they go by, and other methods keep their promises on them."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn

from app import explainers
from app.classifiers.attending.gated import CompactGated
from app.classifiers.attending.glimpsed import GlimpseNetwork, window
from app.classifiers.attending.guided import CompactGuided, boxes, heat, region
from app.classifiers.attending.squeezed import CompactSqueezed
from app.classifiers.attending.told import looks
from app.classifiers.classifier import Classifier
from app.domain import Layer, Series
from app.domain.looking import FRAME, branches_in, frame_in, path_in
from tests.explainers.families import FINDINGS, classifier, exact, film, randomise, series

SIDE = 64
WIDTHS, STRIDES = (6, 8, 8, 10), (1, 2, 1, 2)


def reader(network: nn.Module, layer: str = "features") -> Classifier:
    return classifier(randomise(network, 3), layer, SIDE)


def guided(threshold: float = 0.6) -> Classifier:
    return reader(CompactGuided(len(FINDINGS), (6, 8), (1, 2), blocks=1, threshold=threshold), "whole")


def read(network: Classifier, method: str, one: Series | None = None) -> Layer:
    film_ = one or series(film(1, 80, 60))
    return explainers.load(method).explain(network, explainers.record(network, film_), ["Mass"])[0]


def test_gates_weigh_a_stage_by_how_wide_they_are_open_beside_elsewhere() -> None:
    network = CompactGated(len(FINDINGS), WIDTHS, STRIDES, blocks=1)
    owner = reader(network)
    trace = explainers.record(owner, series(film(1)))
    alpha = trace.layer("features.gates.0").detach()
    stage = trace.layer("features.stages.1").detach()
    weighed = trace.layer("features").detach()[:, 10:18]
    torch.testing.assert_close(weighed.mean((2, 3)), (stage * alpha).sum((2, 3)) / alpha.sum((2, 3)))
    layer = read(owner, "gate_fine")
    assert (layer.kind, layer.scale, layer.values.shape[1:]) == ("attention", "unit", tuple(alpha.shape[2:]))
    assert 0 <= layer.values.min() < layer.values.max() <= 1


def test_the_scales_answers_add_up_to_the_answer() -> None:
    network = CompactGated(len(FINDINGS), WIDTHS, STRIDES, blocks=1)
    randomise(network, 4)
    x = torch.randn(2, 1, SIDE, SIDE)
    each = network.by_scale(network.pooled(x))
    torch.testing.assert_close(torch.stack(each).sum(0) - 2 * network.head.bias, network(x))


@pytest.mark.parametrize(
    "network",
    [
        CompactGated(2, WIDTHS, STRIDES, blocks=1),
        CompactSqueezed(2, WIDTHS, STRIDES, blocks=1, spatial=True),
        CompactGuided(2, WIDTHS, STRIDES, blocks=1),
    ],
    ids=["gated", "squeezed", "guided"],
)
def test_begun_with_its_plain_twin_a_network_answers_what_that_does(network: nn.Module) -> None:
    """Exactly where attention changes nothing at its start: gates of channels and places that add up to one, a second branch
    that has the twin's weights and sees the whole film."""
    from app.classifiers.compact import CompactResidual
    from app.training.members import take

    twin = CompactResidual(2, WIDTHS, STRIDES, blocks=1)
    randomise(twin, 5)
    take(network, twin.state_dict())
    x = torch.randn(2, 1, SIDE, SIDE)
    if isinstance(network, CompactGuided):
        network.threshold = 1e-6
    told = network.eval()(x)
    assert told.shape == (2, 2)
    if isinstance(network, CompactGated):
        torch.testing.assert_close(told, twin(x))
    else:
        assert torch.corrcoef(torch.stack([told.flatten(), twin(x).flatten()]))[0, 1] > 0.9


def test_gate_times_weight_times_channel_adds_up_to_the_logit() -> None:
    network = CompactSqueezed(len(FINDINGS), (6, 8), (1, 2), blocks=1, reduction=2)
    owner = exact(reader(network))
    trace = explainers.record(owner, series(film(2)))
    target = FINDINGS.index("Mass")
    gates = trace.layer("features.3.channels")[0, :, 0, 0]
    before = trace.layer("features.2")[0].mean((1, 2))
    head: nn.Linear = owner.network.head  # type: ignore[assignment]
    parts = (gates * head.weight[target] * before).detach()
    torch.testing.assert_close(parts.sum() + head.bias[target], trace.logits[0, target])
    first = explainers.load("channel_1").relevance(trace, [target])
    torch.testing.assert_close(first.maps.sum(), parts.max())
    (told,) = first.figures
    assert told["channel"] == int(parts.argmax())
    assert told["gate"] * told["weight"] * told["mean"] == pytest.approx(told["product"]) == pytest.approx(float(parts.max()))
    assert told["answer"] == pytest.approx(float(parts.sum()))


def test_channels_alone_have_no_gate_of_places() -> None:
    plain = reader(CompactSqueezed(len(FINDINGS), (6, 8), (1, 2), blocks=1, reduction=2))
    assert read(plain, "place_gate").state.startswith("not defined: needs a network that weighs places")
    both = reader(CompactSqueezed(len(FINDINGS), (6, 8), (1, 2), blocks=1, reduction=2, spatial=True))
    assert read(both, "place_gate").state == "ok"


def test_the_crop_is_the_largest_region_above_the_threshold() -> None:
    active = torch.zeros(1, 8, 8)
    active[0, 1, 1] = 1.0
    active[0, 4:7, 3:6] = 0.9
    mask = region(active[0], 64, 0.5)
    assert mask[44, 36]
    assert not mask[12, 12]
    ((top, left, bottom, right),) = boxes(active, 64, 0.5)
    assert (top, bottom) == (32, 56)
    assert (left, right) == (24, 48)
    assert boxes(torch.zeros(1, 8, 8), 64, 0.5) == ((0, 0, 64, 64),)


@pytest.mark.parametrize("place", [(0, 0), (7, 7), (0, 7)])
def test_a_small_crop_is_widened_inside_the_film(place: tuple[int, int]) -> None:
    active = torch.zeros(1, 8, 8)
    active[0][place] = 1.0
    ((top, left, bottom, right),) = boxes(active, 64, 0.9)
    assert bottom - top == right - left == 16
    assert top >= 0
    assert left >= 0
    assert max(bottom, right) <= 64


def test_heat_is_the_largest_activation_scaled_by_film() -> None:
    features = torch.tensor([[[[1.0, -3.0], [0.0, 2.0]], [[0.5, 1.0], [-1.0, 0.0]]]])
    torch.testing.assert_close(heat(features)[0], torch.tensor([[0.0, 1.0], [0.0, 0.5]]))


def test_a_film_that_is_looked_at_twice_shows_look_region_crop_and_branches() -> None:
    owner = guided()
    one = series(film(1, 80, 60))
    look, kept, again = (read(owner, method, one) for method in ("heat", "first_region", "crop"))
    assert [layer.kind for layer in (look, kept, again)] == ["attention", "outline", "image"]
    frame = frame_in(look.figures)
    assert frame is not None
    assert frame == frame_in(kept.figures) == frame_in(again.figures)
    inside = kept.values[0] > 0
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    cell = 80 / SIDE  # padded to a square, the film is 80 pixels a side
    assert frame.top <= rows[0] * cell - 0 + 1e-6
    assert frame.left <= columns[0] * cell - 10 + 1e-6
    for finding in FINDINGS:
        both = branches_in(look.figures, finding)
        assert both is not None
        assert all(0 <= probability <= 1 for probability in both)
    assert set(FRAME) <= set(again.figures)
    own, seen = frame, again.extent
    assert (seen.right - seen.left) / (seen.bottom - seen.top) == pytest.approx((own.right - own.left) / (own.bottom - own.top))
    assert max(seen.right - seen.left, seen.bottom - seen.top) == pytest.approx(80)
    image = one.images[0]
    place = (
        [frame.top + 128.5 / 256 * (frame.bottom - frame.top) - 0.5],
        [frame.left + 128.5 / 256 * (frame.right - frame.left) - 0.5],
    )
    (there,) = ndimage.map_coordinates(image.values().astype(np.float32), place, order=1, mode="nearest")
    assert again.values[0, 128, 128] == pytest.approx(there, rel=1e-3)


def test_what_both_branches_see_adds_up_to_the_answer() -> None:
    """CAM lays the crop's map where the crop was; LRP and RAP go through both branches to the film."""
    owner = exact(guided())
    trace = explainers.record(owner, series(film(1, 80, 60)))
    cam = explainers.load("cam").relevance(trace, [1])
    head: nn.Linear = owner.network.head  # type: ignore[assignment]
    torch.testing.assert_close(cam.maps.mean() + head.bias[1], trace.logits[0, 1])
    for method in ("lrp", "rap", "rap_contrastive"):
        found = explainers.load(method).relevance(trace, [1])
        assert found.conservation_error is not None
        assert float(found.conservation_error.max()) < 1e-6


def test_cam_of_a_crop_lies_where_the_crop_is() -> None:
    """Where the second branch alone answers, nothing of its map lies outside the frame by more than a cell."""
    owner = guided(0.8)
    network = owner.network
    assert isinstance(network, CompactGuided)
    with torch.no_grad():
        network.head.weight[:, :8] = 0.0
    trace = explainers.record(owner, series(film(1, 64, 64)))
    ((top, left, bottom, right),) = network.branches(trace.input.detach()).boxes
    maps = explainers.load("cam").relevance(trace, [1]).maps[0, 0].abs()
    outside = maps.clone()
    outside[max(0, top // 4 - 1) : -(-bottom // 4) + 1, max(0, left // 4 - 1) : -(-right // 4) + 1] = 0
    assert right - left < 64
    assert float(outside.sum()) < 0.02 * float(maps.sum())


def test_a_path_of_glimpses_explains_itself_and_nothing_else_does() -> None:
    network = GlimpseNetwork(len(FINDINGS), (4, 6, 8), state=16, steps=4)
    owner = reader(network, "glimpse")
    one = series(film(1, 80, 60))
    layer = read(owner, "glimpses", one)
    assert layer.kind == "attention"
    trace = explainers.record(owner, one)
    path = network.path(trace.input.detach())
    last = owner.probabilities(path.logits[0, -1])[1]
    told = path_in(layer.figures)
    assert told is not None
    assert len(told.glimpses) == 4
    assert told.glimpses[-1].probability == pytest.approx(float(last), rel=1e-5)
    assert [told.glimpses[0].x, told.glimpses[0].y] == pytest.approx([30, 40])
    assert [told.fine, told.coarse] == pytest.approx([20, 40])
    for method in ("cam", "gradcam", "saliency", "lrp", "rap", "rise"):
        assert read(owner, method, one).state.startswith("not defined: the network sees a few windows"), method


def test_windows_show_what_lies_around_their_place() -> None:
    ramp = torch.arange(128.0).repeat(128, 1)[None, None]
    seen = window(ramp, torch.tensor([[0.5, 0.0]]), 0.25)
    torch.testing.assert_close(seen[0, 0, 16], torch.arange(80.0, 112.0))
    wide = window(ramp, torch.tensor([[0.0, 0.0]]), 0.5)
    torch.testing.assert_close(wide[0, 0, 16], torch.arange(32.0, 96.0).view(32, 2).mean(1))


def test_places_are_learned_from_rewards_and_not_through_what_is_seen_there() -> None:
    from app.training.attending import glimpsed, rewards

    torch.manual_seed(2)
    network = GlimpseNetwork(2, (4, 6, 8), state=16, steps=4).train()
    targets, weights = torch.tensor([[1.0, 0.0]] * 4), torch.ones(4, 2)
    _, loss = glimpsed(network, torch.randn(4, 1, SIDE, SIDE), targets, weights)
    loss.backward()  # type: ignore[no-untyped-call]
    assert network.next.weight.grad is not None
    assert float(network.next.weight.grad.abs().sum()) > 0
    logits = torch.tensor([[[9.0, -9.0], [-9.0, 9.0]]])
    torch.testing.assert_close(rewards(logits, targets[:1], weights[:1]), torch.tensor([[0.5, 0.0]]), atol=1e-3, rtol=0)


def test_a_first_look_that_is_held_learns_nothing() -> None:
    from app.training.attending import guided as aim

    network = CompactGuided(2, (6, 8), (1, 2), blocks=1)
    network.hold()
    network.train()
    before = [buffer.clone() for buffer in network.whole.buffers()]
    _, loss = aim(network, torch.randn(4, 1, SIDE, SIDE), torch.ones(4, 2), torch.ones(4, 2))
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is None for parameter in network.whole.parameters())
    assert all(torch.equal(one, other) for one, other in zip(before, network.whole.buffers(), strict=True))
    assert any(parameter.grad is not None for parameter in network.part.parameters())


def test_attention_of_its_own_has_no_variants() -> None:
    assert explainers.variants("gate_fine") == ()
    assert not explainers.known("gate_fine.spread")
    assert explainers.variants("cam")


def test_looks_are_what_the_gates_made() -> None:
    network = CompactGated(2, WIDTHS, STRIDES, blocks=1).eval()
    x = torch.randn(3, 1, SIDE, SIDE)
    found = looks(network, x)
    assert list(found) == ["features.gates.0", "features.gates.1"]
    assert all(maps.shape[0] == 3 for maps in found.values())
    assert looks(CompactGuided(2, (6, 8), (1, 2), blocks=1).eval(), x)["whole"].amax() == 1
