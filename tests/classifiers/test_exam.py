"""Networks that read exams: the maximum over slices, the join of planes, and what a card of the kind "exam" must say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.classifiers.attending.stacked import AttendingStack
from app.classifiers.card import Card
from app.classifiers.exam import slice_scores
from app.classifiers.loading import load_exam
from app.classifiers.networks import build
from app.classifiers.stack import StackNetwork
from app.domain import KNEE_FINDINGS, Plane, Series, fingerprint, frozen
from app.errors import InputError, ModelError, NotFound
from app.training.members import take
from tests.exams import ATTENDING, ENCODER, stack, write_exam_network
from tests.explainers.families import randomise

CPU = torch.device("cpu")


def sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


@pytest.mark.parametrize(("parameters", "channels"), [(ENCODER, 1), ({"encoder": "alexnet"}, 3), ({"encoder": "resnet-18"}, 3)])
def test_a_stack_gets_one_answer_from_the_largest_mean_of_each_channel(parameters: dict[str, object], channels: int) -> None:
    torch.manual_seed(3)
    network = build("stack", 2, parameters, channels)
    assert isinstance(network, StackNetwork)
    network.double()
    x = torch.randn(4, channels, 64, 64).double()
    with torch.no_grad():
        maps = network.encoder(x)
        by_hand = torch.stack([maps.mean((2, 3)).max(0).values @ row for row in network.head.weight]) + network.head.bias
        assert network(x).shape == (1, 2)
        torch.testing.assert_close(network(x)[0], by_hand)


def test_slice_scores_add_up_to_the_logit_and_ties_go_to_the_first() -> None:
    network = build("stack", 2, ENCODER)
    assert isinstance(network, StackNetwork)
    network.double()
    pooled = torch.rand(6, 16).double()
    pooled[4, 3] = pooled[2, 3] = 2.0
    with torch.no_grad():
        logits, scores = slice_scores(network, pooled)
        torch.testing.assert_close(logits, network.head(pooled.amax(0)))
        torch.testing.assert_close(scores.sum(1) + network.head.bias, logits)
        alone = torch.zeros_like(pooled)
        alone[2, 3] = alone[4, 3] = 1.0
        _, shares = slice_scores(network, alone)
    assert shares[:, 4].abs().max() == 0
    torch.testing.assert_close(shares[:, 2], network.head.weight[:, 3].detach())


def attending(seed: int = 4) -> AttendingStack:
    network = build("stack-attending", 2, ATTENDING)
    assert isinstance(network, AttendingStack)
    return randomise(network, seed).double()  # type: ignore[return-value]


def test_weighed_slices_answer_half_by_the_maximum_and_half_by_their_weights() -> None:
    network = attending()
    x = torch.randn(5, 1, 64, 64, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        pooled = network.pooled(x)
        weights = network.weights(pooled)
        assert weights is not None
        torch.testing.assert_close(weights.sum(1), torch.ones(2).double())
        assert (weights > 0).all()
        assert not torch.allclose(weights[0], weights[1]), "each finding weighs by itself"
        own, bias = network.head.own, network.head.bias
        by_hand = (own * (pooled.amax(0) + weights @ pooled)).sum(1) / 2 + bias
        torch.testing.assert_close(network(x)[0], by_hand)
        logits, scores = slice_scores(network, pooled)
        torch.testing.assert_close(logits, by_hand)
        torch.testing.assert_close(scores.sum(1) + bias, by_hand)
        ways = torch.cat(network.ways(pooled))
        torch.testing.assert_close(ways.mean(0), by_hand)


def test_begun_with_its_plain_twin_it_answers_the_same_of_a_slice_alone() -> None:
    """Where there is nothing to weigh; among several slices the weighed mean changes the answer."""
    twin = randomise(build("stack", 2, ENCODER), 5)
    network = build("stack-attending", 2, ATTENDING)
    take(network, twin.state_dict())
    x = torch.randn(3, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network(x[:1]), twin(x[:1]))
        assert not torch.allclose(network(x), twin(x))


def test_an_exams_slices_weigh_together_one_and_those_of_a_plain_network_nothing(tmp_path: Path) -> None:
    stacks: dict[Plane, Series] = {"sagittal": stack(1, slices=11), "axial": stack(2, slices=7)}
    folder = write_exam_network(tmp_path, architecture="stack-attending")
    answer = load_exam(Card.read(folder), CPU).predict(stacks)
    for part in answer.parts:
        for finding in KNEE_FINDINGS:
            weights = part.weights_of(finding)
            assert len(weights) == len(part.of_slices(finding)) == len(stacks[part.plane].images)
            assert sum(weights) == pytest.approx(1, rel=1e-5)
    plain = load_exam(Card.read(write_exam_network(tmp_path, "plain")), CPU).predict(stacks)
    assert [part.slice_weights for part in plain.parts] == [(), ()]
    assert plain.parts[0].weights_of(KNEE_FINDINGS[0]) == ()


def test_an_exams_network_is_one_that_reads_stacks(tmp_path: Path) -> None:
    folder = write_exam_network(tmp_path)
    text = (folder / "card.toml").read_text(encoding="utf-8")
    other = "parameters = { widths = [8, 12], strides = [1, 2], blocks = 1 }"
    kept = [other if line.startswith("parameters") else line for line in text.splitlines()]
    changed = "\n".join(kept).replace('architecture = "stack"', 'architecture = "compact-residual"')
    (folder / "card.toml").write_text(changed, encoding="utf-8")
    with pytest.raises(ModelError, match="reads no stacks"):
        load_exam(Card.read(folder), CPU)


@pytest.mark.parametrize("architecture", ["stack", "stack-attending"])
def test_an_exam_read_again_with_one_stack_changed_is_the_exam_read_whole(tmp_path: Path, architecture: str) -> None:
    classifier = load_exam(Card.read(write_exam_network(tmp_path, architecture=architecture)), CPU)
    planes: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
    stacks = {plane: stack(number, slices=4 + number, uid=f"1.{number}") for number, plane in enumerate(planes)}
    before = classifier.predict(stacks)
    assert classifier.again(before, stacks["coronal"]).scores == before.scores
    darker = [frozen((image.stored // 2 + 700).astype(np.uint16)) for image in stacks["coronal"].images]
    images = [replace(image, stored=stored) for image, stored in zip(stacks["coronal"].images, darker, strict=True)]
    other = replace(stacks["coronal"], images=tuple(images))
    whole, again = classifier.predict({**stacks, "coronal": other}), classifier.again(before, other)
    assert again.scores == whole.scores != before.scores
    assert again.parts == whole.parts
    assert (again.stacks, again.missing, again.model_sha256) == (before.stacks, (), before.model_sha256)
    two = classifier.predict({plane: stacks[plane] for plane in planes[:2]})
    assert classifier.again(two, other).missing == ("axial",)
    for stranger in (stack(9), replace(other, images=other.images[1:])):
        with pytest.raises(ValueError, match="about this stack"):
            classifier.again(before, stranger)
    with pytest.raises(ValueError, match="of this network"):
        classifier.again(replace(before, model_sha256="ab" * 32), other)


def test_an_exam_is_joined_by_the_regression_of_just_its_planes(tmp_path: Path) -> None:
    card = Card.read(write_exam_network(tmp_path))
    classifier = load_exam(card, CPU)
    stacks: dict[Plane, Series] = {"sagittal": stack(1), "axial": stack(2, slices=7)}
    answer = classifier.predict(stacks)
    assert answer.missing == ("coronal",)
    assert [part.plane for part in answer.parts] == ["sagittal", "axial"]
    members = [[(image.sop_instance_uid, image.frame) for image in series.images] for series in stacks.values()]
    assert answer.stacks == tuple(map(fingerprint, members))
    join = next(join for join in card.joins if set(join.planes) == {"sagittal", "axial"})
    for row, finding in enumerate(KNEE_FINDINGS):
        each = {part.plane: part.scores[row].logit for part in answer.parts}
        shares = [w * each[plane] for plane, w in zip(join.planes, join.weights[row], strict=True)]
        assert answer.scores[row].logit == pytest.approx(sum(shares) + join.bias[row])
        assert answer.scores[row].probability == pytest.approx(sigmoid(sum(shares) + join.bias[row]))
        assert [part.contributions[row] for part in answer.parts] == pytest.approx(shares)
        for part in answer.parts:
            (alone,) = (join for join in card.joins if join.planes == (part.plane,))
            expected = sigmoid(alone.weights[row][0] * part.scores[row].logit + alone.bias[row])
            assert part.scores[row].probability == pytest.approx(expected)
            network = classifier.member(part.plane, finding).network
            bias = float(network.head.bias[row])  # type: ignore[union-attr, index]
            assert sum(part.slice_scores[row]) + bias == pytest.approx(part.scores[row].logit, rel=1e-4)
            assert len(part.slice_scores[row]) == len(stacks[part.plane].images)


def test_the_answer_is_the_same_whole_and_in_pieces(tmp_path: Path) -> None:
    """More slices than go through at once; the recorded pass takes all of them together."""
    classifier = load_exam(Card.read(write_exam_network(tmp_path)), CPU)
    series = stack(4, slices=19)
    answer = classifier.predict({"coronal": series})
    member = classifier.member("coronal", KNEE_FINDINGS[0])
    with torch.no_grad():
        whole = member.network(member.prepare(series))[0]
    assert [score.logit for score in answer.parts[0].scores] == pytest.approx(whole.tolist(), rel=1e-4)


def test_a_stack_is_stretched_as_one_and_not_slice_by_slice(tmp_path: Path) -> None:
    member = load_exam(Card.read(write_exam_network(tmp_path)), CPU).member("axial", KNEE_FINDINGS[0])
    bright, dark = stack(5, slices=1).images[0], stack(6, slices=1).images[0]
    faint = type(dark)(dark.sop_instance_uid, 1, (dark.stored // 16).astype(np.uint16))
    planes = member.planes(Series("1.2", "MR", (bright, faint)))
    assert float(planes[0].max()) == pytest.approx(2.0, abs=0.3)
    assert float(planes[1].max()) < -1.5


def test_planes_and_findings_that_are_not_there_are_named(tmp_path: Path) -> None:
    classifier = load_exam(Card.read(write_exam_network(tmp_path)), CPU)
    with pytest.raises(NotFound, match="does not answer for “shoe”"):
        classifier.member("axial", "shoe")
    with pytest.raises(InputError, match="reads none of the planes"):
        classifier.predict({})


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('plane = "sagittal"', 'plane = "upright"', "upright"),
        ('plane = "coronal"', 'plane = "sagittal"', "answered twice"),
        ('planes = ["axial"]', 'planes = ["axial", "coronal"]', "one finite weight"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    folder = write_exam_network(tmp_path)
    text = (folder / "card.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "card.toml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ModelError, match=why):
        Card.read(folder)
