"""The tape: what it records of networks written in every style, and what the engine says of layers it has no rule for."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from app import explainers
from app.errors import NotExplainable
from app.explainers.methods.lrp import LRP
from app.explainers.methods.rap import RAP
from app.explainers.relevance import flow
from app.explainers.relevance.engine import propagate
from app.explainers.relevance.plan import plan
from app.explainers.relevance.slopes import slopes
from app.explainers.tape import tape
from app.explainers.trace import Trace, gradients
from tests.explainers.families import FAMILIES, FINDINGS, classifier, exact, family, film, randomise, series


class Written(nn.Module):
    """conv → (the style under test) → conv → global average pooling → linear."""

    def __init__(self, middle: Callable[[Tensor], Tensor], width: int = 16) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, 2, 2)
        self.middle = middle
        self.conv2 = nn.Conv2d(width, 8, 3, 2, 1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(8, len(FINDINGS))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.relu(self.conv2(self.middle(self.conv1(x)))).mean((2, 3)))  # type: ignore[no-any-return]


def statement(x: Tensor) -> Tensor:
    x.relu_()
    return x


def added(x: Tensor) -> Tensor:
    y = F.relu(x)
    y += F.avg_pool2d(F.relu(-x), 3, 1, 1)
    return y


STYLES: dict[str, Callable[[Tensor], Tensor]] = {
    "functional": F.relu,
    "in place by name": lambda x: F.relu(x, inplace=True),
    "in place by position": lambda x: F.relu(x, True),
    "method in place": lambda x: x.relu_(),
    "statement in place": statement,
    "torch in place": torch.relu_,
    "added in place": added,
    "chunks": lambda x: torch.cat(torch.chunk(F.relu(x), 2, 1)[::-1], 1),
    "stacked": lambda x: torch.stack([F.relu(x), F.relu(-x)]).amax(0),
    "padded": lambda x: F.pad(F.relu(x), (1, 1, 1, 1), mode="reflect"),
    "upsampled": lambda x: F.interpolate(F.relu(x), scale_factor=2, mode="nearest"),
    "scaled": lambda x: 0.5 * (F.relu(x) * 3 + 1) / 2,
    "mobile": F.relu6,
    "leaky then clean": lambda x: F.relu(F.leaky_relu(x)),
    "global maximum beside": lambda x: F.relu(x) + F.adaptive_max_pool2d(F.relu(x), 1),
    "turned": lambda x: F.relu(x).permute(0, 1, 3, 2).contiguous(),
    "residual attention": lambda x: (1 + torch.sigmoid(x)) * F.relu(x),
    "two gates": lambda x: F.relu(x) * (torch.sigmoid(x) * F.hardsigmoid(x)),
    "dropped": lambda x: F.dropout(F.relu(x), 0.5, training=False),
}


def traced(network: nn.Module) -> Trace:
    return explainers.record(classifier(randomise(network, 3), "conv1"), series(film(1)))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_of_writing_gives_the_networks_own_answer_and_conserves(style: str) -> None:
    network = Written(STYLES[style])
    reader = exact(classifier(randomise(network, 3), "conv1"))
    trace = explainers.record(reader, series(film(1)))
    with torch.no_grad():
        torch.testing.assert_close(trace.logits, reader.network(trace.input.detach().clone()), rtol=0, atol=0)
    for method in (LRP(), RAP()):
        layers = propagate(trace, method._rules(), [0, 1], keep_layers=True).layers
        for layer in layers:
            torch.testing.assert_close(layer.totals, layers[0].totals, rtol=1e-4, atol=0, msg=layer.name)
    explainers.load("gradcam").relevance(trace, [0])


def test_what_was_there_before_an_in_place_function_is_kept() -> None:
    network = Written(statement)
    trace = traced(network)
    conv = trace.tape.calls[0]
    assert conv.name == "conv2d"
    assert bool((trace.tape.values[conv.output] < 0).any())
    assert bool((trace.tape.values[trace.tape.calls[1].output] >= 0).all())


def test_grad_cam_sees_the_layer_before_an_in_place_relu() -> None:
    """The basic block's last ReLU is in place; the chosen layer's output must not be its post-ReLU self."""
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    trace = explainers.record(classifier(randomise(network, 0), "0"), series(film(1)))
    assert bool((trace.layer("0") < 0).any())
    maps = explainers.load("gradcam").relevance(trace, [0]).maps
    assert maps.shape == (1, 1, 30, 30)


def test_shared_modules_and_computed_weights() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.stem = nn.Conv2d(1, 12, 3, padding="same")
            self.conv = parametrizations.weight_norm(nn.Conv2d(12, 12, 3, padding="valid"))
            self.act = nn.ReLU(inplace=True)
            self.head = nn.Linear(12, 3)

        def forward(self, x: Tensor) -> Tensor:
            for _ in range(2):
                x = self.act(self.conv(self.act(self.stem(x) if x.shape[1] == 1 else x)))
            return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))  # type: ignore[no-any-return]

    network = Shared().eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    reader = exact(classifier(network, "act"))
    trace = explainers.record(reader, series(film(1)))
    assert trace.tape.places["conv"] < trace.tape.places["act"]
    for method in (LRP(), RAP()):
        error = method.relevance(trace, [0, 1, 2]).conservation_error
        assert error is not None
        assert float(error.max()) < 1e-4
    ran = reader.network
    assert isinstance(ran, Shared)
    assert ran.act.inplace
    assert not ran.conv._forward_hooks


def test_hooks_that_the_owner_put_on_still_run() -> None:
    reader = family("compact")
    seen: list[int] = []
    handle = reader.network.register_forward_hook(lambda _module, _args, _result: seen.append(1))
    explainers.record(reader, series(film(1)))
    handle.remove()
    assert seen == [1]


def patched(x: Tensor) -> Tensor:
    y = F.relu(x)
    y[:, :, 0] = 0.0
    return y


class Doubled(torch.autograd.Function):
    """Computes outside torch, with a gradient of its own: nothing that a torch function mode is told of."""

    @staticmethod
    def forward(_: object, x: Tensor) -> Tensor:
        return torch.from_numpy(2 * x.detach().numpy())

    @staticmethod
    def backward(_: object, *gradient: Tensor) -> Tensor:
        return 2 * gradient[0]


def doubled(x: Tensor) -> Tensor:
    return Doubled.apply(x)  # type: ignore[no-any-return, no-untyped-call]


UNSUPPORTED: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "layer norm": (lambda x: F.layer_norm(F.relu(x), x.shape[1:]), "layer_norm"),
    "group norm": (lambda x: F.group_norm(F.relu(x), 2), "group_norm"),
    "batch norm by the batch": (lambda x: F.relu(F.batch_norm(x, None, None, training=True)), "batch_norm"),
    "matmul": (lambda x: F.relu(x @ x.transpose(2, 3)), "matmul"),
    "product of two signals": (lambda x: F.relu(x) * F.relu(-x + 1), "mul"),
    "difference of two signals": (lambda x: F.relu(F.relu(x) - F.max_pool2d(x, 3, 1, 1)), "sub"),
    "the larger of two": (lambda x: torch.max(F.relu(x), F.relu(-x)), "max"),
    "bicubic": (lambda x: F.interpolate(F.relu(x), scale_factor=2, mode="bicubic"), "interpolate"),
    "values set one by one": (patched, "__setitem__"),
    "a function torch does not announce": (lambda x: F.relu(x) + doubled(x), "Doubled"),
    "sigmoid as activation": (torch.sigmoid, "sigmoid"),
}


@pytest.mark.parametrize("layer", UNSUPPORTED)
def test_a_layer_without_a_rule_is_named_with_its_place(layer: str) -> None:
    network, name = UNSUPPORTED[layer]
    trace = traced(Written(network))
    for method in (LRP(), RAP()):
        with pytest.raises(NotExplainable, match=rf"no rule for the layer \S*{name}\S* at “.+”\. Still available: Grad-CAM"):
            method.relevance(trace, [0])
    for name in ("saliency", "gradcam"):
        assert explainers.load(name).relevance(trace, [0]).maps.isfinite().all()


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch's own remark on such a layer
def test_uneven_padding_is_named() -> None:
    class Uneven(Written):
        def __init__(self) -> None:
            super().__init__(F.relu)
            self.conv2 = nn.Conv2d(16, 8, 4, padding="same")

    with pytest.raises(NotExplainable, match="“conv2” pads its two sides differently"):
        LRP().relevance(traced(Uneven()), [0])


def test_a_network_without_a_last_linear_layer() -> None:
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    trace = explainers.record(classifier(randomise(network, 0), "0"), series(film(1)))
    with pytest.raises(NotExplainable, match="LRP begins at a last linear layer"):
        LRP().relevance(trace, [0])
    with pytest.raises(NotExplainable, match="needs global average pooling"):
        explainers.load("cam").relevance(trace, [0])


def test_a_network_must_return_logits() -> None:
    with pytest.raises(TypeError, match="one tensor of logits"):
        tape(Pair(), torch.zeros(1, 1, 4, 4))


class Pair(nn.Module):
    """Returns two tensors."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return F.relu(x), F.relu(-x)


def test_gradients_in_one_batch_are_those_one_by_one() -> None:
    """The batched pass is the one that runs on a GPU."""
    for name in ("basic", "dense", "stack"):
        trace = explainers.record(exact(family(name)), series(film(1), film(2)))
        output = trace.tape.values[trace.tape.output]
        each = gradients(output, [0, 2], trace.input, batched=False)
        torch.testing.assert_close(gradients(output, [0, 2], trace.input, batched=True), each, rtol=1e-9, atol=1e-12)


def test_a_network_that_ends_in_something_unannounced_keeps_its_gradients() -> None:
    class Ends(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Written(F.relu)

        def forward(self, x: Tensor) -> Tensor:
            return doubled(self.inner(x))

    trace = explainers.record(classifier(randomise(Ends(), 0), "inner.conv1"), series(film(1)))
    assert explainers.load("saliency").relevance(trace, [0]).maps.any()
    with pytest.raises(NotExplainable):
        LRP().relevance(trace, [0])


@pytest.mark.parametrize("name", FAMILIES)
def test_slopes_by_the_tape_are_autograds(name: str) -> None:
    """Of the film and of inner values; a network with a call that the walk does not know is left to autograd, whole."""
    trace = explainers.record(exact(family(name)), series(film(1), film(2)))
    output = trace.tape.values[trace.tape.output]
    inner = next(call.output for call in trace.tape.calls if call.name == "relu")
    for place, value in ((0, trace.input), (inner, trace.tape.values[inner])):
        found = slopes(trace.tape, [0, 1, 2], place)
        assert (found is None) == (name in ("squeeze", "attention", "gated", "squeezed", "attending stack"))
        each = gradients(output, [0, 1, 2], value, batched=False)
        torch.testing.assert_close(trace.gradients([0, 1, 2], value), each, rtol=1e-9, atol=1e-12)
        assert found is None or torch.equal(trace.gradients([0, 1, 2], value), found)


def test_slopes_of_a_sum_that_is_read_twice_and_of_a_shared_normalisation() -> None:
    """A value read by several calls gathers what each of them says, and what others read too is folded into nothing."""

    class Crossed(Written):
        def __init__(self) -> None:
            super().__init__(F.relu)
            self.norm = nn.BatchNorm2d(16)

        def forward(self, x: Tensor) -> Tensor:
            y = self.conv1(x)
            both = self.norm(y) + y
            return self.head(self.relu(self.conv2(both + both)).mean((2, 3)))  # type: ignore[no-any-return]

    trace = explainers.record(exact(classifier(randomise(Crossed(), 3))), series(film(1)))
    found = slopes(trace.tape, [1], 0)
    assert found is not None
    each = gradients(trace.tape.values[trace.tape.output], [1], trace.input, batched=False)
    torch.testing.assert_close(found, each, rtol=1e-9, atol=1e-12)


def test_winners_in_one_batch_are_those_one_by_one() -> None:
    trace = explainers.record(family("compact"), series(film(1), film(2)))
    (step,) = (step for step in plan(trace.tape).steps if step.kind == "pool")
    x = trace.tape.values[step.sources[0]].detach()
    r = torch.randn(3, *trace.tape.values[step.call.output].shape, generator=torch.Generator().manual_seed(0))
    (batch,) = flow.max_pool(step, r, x)
    leaf = x.clone().requires_grad_()
    pooled = F.max_pool2d(leaf, 3, 2, 1)
    each = [torch.autograd.grad(pooled, leaf, one, retain_graph=True)[0] for one in r]
    assert torch.equal(batch, torch.stack(each))


def test_a_power_is_recorded() -> None:
    """`Tensor.__pow__` is a wrapped builtin without a signature."""

    class Squares(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head((x**2).flatten(1))  # type: ignore[no-any-return]

    network = Squares().eval()
    x = torch.randn(1, 1, 2, 2, requires_grad=True)
    recorded = tape(network, x.clone())
    torch.testing.assert_close(recorded.values[recorded.output], network(x))
