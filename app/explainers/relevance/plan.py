"""The plan: what every call on a tape is to relevance.

Read off the tape once per walk, without looking at any value: which calls carry relevance and by which kind of rule, which
products have a gate, which convolution is the first, which batch normalisation belongs to the layer before it, and where all
values are ≥ 0.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from app.errors import NotExplainable
from app.explainers.tape import Call, Ref, Tape

Kind = Literal["conv", "linear", "norm", "identity", "activation", "reshape", "route", "pool", "share", "add", "cat", "scale"]
Unsupported = Literal["unsupported"]

WEIGHTED: dict[str, Kind] = {"conv2d": "conv", "linear": "linear"}
RELUS = frozenset({"relu", "relu6", "threshold"})
BOUNDED = frozenset({"hardtanh", "clamp", "clamp_min", "clip"})
"""Activations by bounds; nn.ReLU6 is one of them."""
SMOOTH = frozenset({"silu", "gelu", "mish", "hardswish", "leaky_relu", "elu", "prelu", "celu", "selu", "rrelu"})
"""Activations that may be negative: in LRP relevance passes them unchanged, and RAP is not defined behind them."""
GATES = frozenset({"sigmoid", "hardsigmoid", "softmax"})
SAME = frozenset(
    {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"}
)
COPIES = frozenset({"clone", "contiguous", "detach", "to", "float", "identity", "alias", "neg", "__neg__"})
RESHAPES = frozenset({"flatten", "reshape", "view", "squeeze", "unsqueeze", "unflatten"})
ROUTES = frozenset(
    {"permute", "transpose", "__getitem__", "expand", "repeat", "chunk", "split", "unbind", "stack", "pad", "max", "amax",
     "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices", "narrow", "select", "movedim", "pixel_shuffle",
     "pixel_unshuffle", "channel_shuffle", "expand_as", "view_as", "reshape_as"}
)  # fmt: skip
"""Calls that move values without mixing them, and maxima over something: each output has its winner, which takes all."""
SHARES = frozenset({"avg_pool2d", "adaptive_avg_pool2d", "mean", "sum"})
AVERAGES = frozenset({"avg_pool2d", "adaptive_avg_pool2d", "mean"})
SUMS = frozenset({"add", "__add__", "__radd__"})
PRODUCTS = frozenset({"mul", "__mul__", "__rmul__"})
QUOTIENTS = frozenset({"div", "__truediv__", "true_divide"})
DIFFERENCES = frozenset({"sub", "__sub__", "rsub", "__rsub__"})


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One call as relevance sees it: ``sources`` are the values its relevance goes to. For layers with weights: ``norm`` is the
    batch normalisation right behind it, ``first`` whether nothing with weights lies before it, ``positive`` whether everything
    it reads is ≥ 0."""

    kind: Kind | Unsupported
    call: Call
    sources: tuple[int, ...]
    norm: Call | None = None
    first: bool = False
    positive: bool = False

    @property
    def name(self) -> str:
        """The module's path, and the function where the module does more than one thing."""
        place = self.call.place
        return f"{place}.{self.call.name.strip('_')}" if self.kind not in WEIGHTED.values() or not place else place


@dataclass(frozen=True, eq=False)
class Plan:
    """The calls that carry relevance, in the order they were made. ``last`` is the linear layer that makes the logits."""

    tape: Tape
    steps: tuple[Step, ...]
    last: Step | None
    consumers: Counter[int] = field(repr=False)

    def head(self, method: str) -> Step:
        """The last linear layer; NotExplainable where the network does not end in one."""
        if self.last is None:
            raise NotExplainable(
                "%(method)s begins at a last linear layer, and this network does not end in one. Still available: %(others)s.",
                {"method": method, "others": "Grad-CAM, saliency"},
            )
        return self.last

    def pooled_parts(self) -> "tuple[Part, ...]":
        """What the last linear layer reads where that are several maps, each pooled by the mean over its places, one behind the
        other; () where it reads anything else."""
        if self.last is None:
            return ()
        made = {step.call.output: step for step in self.steps}
        joint = made.get(self.last.sources[0])
        while joint is not None and joint.kind in ("identity", "reshape") and len(joint.sources) == 1:
            joint = made.get(joint.sources[0])
        if joint is None or joint.kind != "cat":
            return ()
        parts, first = [], 0
        for source in joint.sources:
            pool, width = made.get(source), self.tape.values[source].shape[1]
            if pool is None or pool.call.name not in AVERAGES or self.tape.values[pool.sources[0]].dim() != 4:
                return ()
            parts.append(Part(pool.sources[0], first, first + width))
            first += width
        return tuple(parts)

    def average_pooled_head(self) -> "Head | None":
        """The end of a network that pools by the mean over places and answers by one linear layer, with or without a maximum
        over the slices of a stack between them; None where there is no such end."""
        if self.last is None:
            return None
        made = {step.call.output: step for step in self.steps}
        step = made.get(self.last.sources[0])
        over_slices = False
        while step is not None and step.call.name not in AVERAGES:
            over_slices |= _over_slices(step)
            passes = step.kind in ("identity", "reshape") or _over_slices(step)
            step = made.get(step.sources[0]) if passes and len(step.sources) == 1 else None
        if step is None:
            return None
        before = self.tape.values[step.sources[0]].shape
        after = self.tape.values[step.call.output].shape
        pooled = len(before) == 4 and after[:2] == before[:2] and after.numel() == before[0] * before[1]
        return Head(step.sources[0], self.last.call, over_slices) if pooled else None


@dataclass(frozen=True, slots=True)
class Part:
    """``features``: a value that is pooled by the mean over its places; ``first`` and ``end``: the columns of the last linear
    layer that read it."""

    features: int
    first: int
    end: int


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """``features``: the value that global average pooling reads; ``linear``: the layer that answers; ``over_slices``: whether
    each channel's largest mean over the slices goes in, instead of every slice's own."""

    features: int
    linear: Call
    over_slices: bool


def _over_slices(step: Step) -> bool:
    """Whether a step takes the maximum over the first axis."""
    return step.call.name in ("amax", "max") and step.call.argument(1, "dim") in (0, (0,), [0])


def plan(tape: Tape) -> Plan:
    """What every call on the tape is to relevance. Calls that none reaches, such as the inside of a gate, are left out."""
    reader = _Reader(tape)
    steps = [reader.read(call) for call in tape.calls]
    reached = {tape.output}
    carrying: list[Step] = []
    for step in reversed(steps):
        if step.call.output in reached:
            carrying.append(step)
            reached.update(step.sources)
    carrying.reverse()
    return Plan(tape, tuple(carrying), _last(tape, carrying), reader.consumers)


def _last(tape: Tape, steps: list[Step]) -> Step | None:
    made = {step.call.output: step for step in steps}
    step = made.get(tape.output)
    while step is not None and step.kind in ("identity", "reshape") and len(step.sources) == 1:
        step = made.get(step.sources[0])
    return step if step is not None and step.kind == "linear" else None


class _Reader:
    """Goes through the calls once and keeps what is known of each value."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.consumers = Counter(index for call in tape.calls for index in set(call.inputs))
        self.raw = {0}
        self.positive: set[int] = set()
        self.gates: set[int] = set()
        self.normed = {
            call.inputs[0]: call
            for call in tape.calls
            if call.name == "batch_norm" and self.consumers[call.inputs[0]] == 1 and not _by_the_batch(call)
        }

    def read(self, call: Call) -> Step:
        """One call; what it makes known of its output is remembered for the calls after it."""
        kind, sources = self._kind(call)
        first = kind in WEIGHTED.values() and all(source in self.raw for source in sources)
        positive = all(source in self.positive for source in sources)
        if kind not in (*WEIGHTED.values(), "unsupported") and all(source in self.raw for source in sources):
            self.raw.add(call.output)
        if self._is_positive(call, kind):
            self.positive.add(call.output)
        if call.name in GATES or ((kind != "unsupported" or call.name in DIFFERENCES) and set(call.inputs) <= self.gates):
            self.gates.add(call.output)
        norm = self.normed.get(call.output) if kind in WEIGHTED.values() else None
        return Step(kind, call, sources, norm, first, positive)

    def _kind(self, call: Call) -> tuple[Kind | Unsupported, tuple[int, ...]]:  # noqa: PLR0911 - one line per kind of call
        name, inputs = call.name, call.inputs
        if name in WEIGHTED:
            return (WEIGHTED[name] if len(inputs) == 1 else "unsupported"), inputs
        if name == "batch_norm":
            return ("unsupported" if _by_the_batch(call) else "norm"), inputs[:1]
        if name in SAME or name in COPIES:
            return "identity", inputs[:1]
        if name in RELUS or name in SMOOTH or (name in BOUNDED and len(inputs) == 1):
            return "activation", inputs
        if name in RESHAPES:
            return "reshape", inputs[:1]
        if name in ("max_pool2d", "max_pool2d_with_indices"):
            return "pool", inputs
        if name in ROUTES or name == "interpolate":
            return self._route(call)
        if name in SHARES:
            return "share", inputs
        if name in ("cat", "concat", "concatenate"):
            return "cat", inputs
        return self._arithmetic(call)

    def _route(self, call: Call) -> tuple[Kind | Unsupported, tuple[int, ...]]:
        if call.name == "interpolate":
            mode = call.argument(3, "mode", "nearest")
            return ("share" if mode in ("nearest", "nearest-exact", "bilinear", "area") else "unsupported"), call.inputs
        if call.name == "max" and len(call.args) + len(call.kwargs) > 1 and len(call.inputs) > 1:
            return "unsupported", call.inputs  # the larger of two tensors
        return "route", call.inputs

    def _arithmetic(self, call: Call) -> tuple[Kind | Unsupported, tuple[int, ...]]:
        name, inputs = call.name, call.inputs
        if name in SUMS | DIFFERENCES and len(inputs) == 1:
            return "identity", inputs  # a constant is added: a bias, and no bias takes relevance
        if name in SUMS and call.kwargs.get("alpha", 1) == 1:
            return "add", inputs
        if name in PRODUCTS:
            signals = tuple(index for index in inputs if index not in self.gates)
            if len(inputs) == 1 or len(signals) < 2:
                return "scale", signals or inputs[:1]
        if name in QUOTIENTS and isinstance(call.args[0], Ref) and set(inputs[1:]) <= self.gates:
            return "scale", inputs[:1]
        return "unsupported", inputs

    def _is_positive(self, call: Call, kind: Kind | Unsupported) -> bool:
        if call.name in RELUS or call.name in GATES or call.name in ("softplus", "exp", "abs", "square"):
            return call.name != "threshold" or float(call.argument(2, "value", 0.0)) >= 0
        if call.name in BOUNDED and isinstance(low := _lowest(call), int | float) and low >= 0:
            return True
        if kind in ("norm", "conv", "linear", "unsupported") or call.name in SMOOTH | DIFFERENCES | {"neg", "__neg__"}:
            return False
        if not all(index in self.positive for index in call.inputs):
            return False
        others = [item for item in (*call.args, *call.kwargs.values()) if isinstance(item, int | float | Tensor)]
        if kind in ("scale", "identity") or call.name == "pad":
            return all(bool((item >= 0).all()) if isinstance(item, Tensor) else item >= 0 for item in others)
        return True


def _lowest(call: Call) -> object:
    """The lower bound of an activation by bounds, None where it has none."""
    return call.argument(1, "min_val", -1.0) if call.name == "hardtanh" else call.argument(1, "min")


def _by_the_batch(call: Call) -> bool:
    """Whether a batch normalisation uses the batch's own statistics, as in training."""
    return bool(call.argument(5, "training", False)) or call.argument(1, "running_mean") is None
