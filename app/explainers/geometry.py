"""Where the cells of a network's inner values lie on its input: start and stride of their receptive fields, off the tape.

An odd kernel with symmetric padding and stride 2 on an even input centres output i on input pixel 2i, half a pixel higher and
further left than the middle of the two pixels that i stands for; over a whole network of stride s that adds up to (s − 1)/2
pixels. A map of such a layer that is stretched over the whole input lies so much too far down and right. Rules as in Araujo,
Norris, Sim: Computing Receptive Fields of Convolutional Neural Networks (Distill 2019): ``start += ((k − 1)/2 · d − p) · jump;
jump *= s``; the impulse tests prove them. Knows the tape; knows no method.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain import Extent
from app.explainers.relevance.plan import (
    AVERAGES,
    BOUNDED,
    COPIES,
    DIFFERENCES,
    GATES,
    PRODUCTS,
    QUOTIENTS,
    RELUS,
    SAME,
    SMOOTH,
    SUMS,
)
from app.explainers.tape import Call, Ref, Tape

POINTWISE = (
    RELUS
    | BOUNDED
    | SMOOTH
    | GATES
    | SAME
    | COPIES
    | {
        "batch_norm",
        "group_norm",
        "instance_norm",
        "layer_norm",
        "normalize",
        "softplus",
        "exp",
        "abs",
        "square",
        "sqrt",
        "tanh",
    }
    | {"clamp_max", "pow", "type_as", "stochastic_depth"}
)
"""Calls that leave every place where it is."""
MIXES = SUMS | DIFFERENCES | PRODUCTS | QUOTIENTS
RESHAPES = frozenset({"reshape", "view", "flatten", "unflatten"})


@dataclass(frozen=True, slots=True)
class Field:
    """In pixels of the network's input, whose pixel k has its centre at k: cell (i, j) of a value looks at what lies around
    (``start_y`` + i · ``stride_y``, ``start_x`` + j · ``stride_x``)."""

    start_y: float
    start_x: float
    stride_y: float
    stride_x: float

    def extent(self, shape: Sequence[int], size: Sequence[int], square: Extent) -> Extent:
        """Where a map ``shape`` (rows, columns) of such cells lies on an image of which the network read the rectangle
        ``square`` as ``size`` (rows, columns) pixels: every cell in the middle of what it looks at, drawn over all that was
        read and no further."""
        across, down = (square.right - square.left) / size[1], (square.bottom - square.top) / size[0]
        left = square.left + (self.start_x + 0.5 - self.stride_x / 2) * across
        top = square.top + (self.start_y + 0.5 - self.stride_y / 2) * down
        right, bottom = left + shape[1] * self.stride_x * across, top + shape[0] * self.stride_y * down
        return Extent(left, top, right, bottom, reach=square)


@dataclass(frozen=True, slots=True)
class _Line:
    """One direction of the film in a value: which of its axes it runs along, and start and stride there."""

    axis: int
    start: float
    stride: float

    def window(self, kernel: float, stride: float, before: float, dilation: float = 1) -> "_Line":
        """Behind a window of ``kernel`` places that moves by ``stride`` over an input padded by ``before`` places."""
        return replace(
            self,
            start=self.start + ((kernel - 1) / 2 * dilation - before) * self.stride,
            stride=self.stride * stride,
        )


_Lines = tuple[_Line, _Line]
"""Down and across."""


def field(tape: Tape, index: int) -> Field | None:
    """The field of a value on the tape; None where its cells have no place on the film, such as a layer of neurons."""
    return fields(tape).get(index)


def fields(tape: Tape) -> dict[int, Field]:
    """The field of every value on the tape that has one, by its index."""
    known: dict[int, _Lines] = {}
    if tape.values[0].dim() == 4:
        known[0] = (_Line(2, 0.0, 1.0), _Line(3, 0.0, 1.0))
    for call in tape.calls:
        lines = _behind(tape, call, known)
        if lines is not None:
            known[call.output] = lines
    return {index: Field(down.start, across.start, down.stride, across.stride) for index, (down, across) in known.items()}


def _behind(tape: Tape, call: Call, known: dict[int, _Lines]) -> _Lines | None:
    """Where the places of a call's output lie."""
    if not call.inputs:
        return None
    if call.name in MIXES or call.name in ("cat", "concat", "concatenate"):
        return _together(tape, call, known)
    lines = known.get(call.inputs[0])
    if lines is None:
        return None
    if call.name in POINTWISE:
        return lines
    rule = RULES.get(call.name)
    return rule(tape, call, lines) if rule is not None else None


def _sizes(tape: Tape, index: int, lines: _Lines) -> tuple[int, int]:
    shape = tape.values[index].shape
    return shape[lines[0].axis], shape[lines[1].axis]


def _conv(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    if not _last_two(tape, call, lines):
        return None
    kernel, stride = _kernel(tape, call), _two(call.argument(3, "stride", 1))
    dilation, padding = _two(call.argument(5, "dilation", 1)), call.argument(4, "padding", 0)
    if padding == "same":  # torch puts the odd one of an even kernel behind
        before = tuple((k - 1) * d // 2 for k, d in zip(kernel, dilation, strict=True))
    else:
        before = (0, 0) if padding == "valid" else _two(padding)
    return _windows(lines, kernel, stride, before, dilation)


def _transposed(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    if not _last_two(tape, call, lines):
        return None
    kernel, stride = _kernel(tape, call), _two(call.argument(3, "stride", 1))
    before, dilation = _two(call.argument(4, "padding", 0)), _two(call.argument(7, "dilation", 1))
    down, across = (
        replace(line, start=line.start + (p - (k - 1) / 2 * d) / s * line.stride, stride=line.stride / s)
        for line, k, s, p, d in zip(lines, kernel, stride, before, dilation, strict=True)
    )
    return down, across


def _pool(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    if not _last_two(tape, call, lines):
        return None
    kernel = _two(call.argument(1, "kernel_size"))
    stride = _two(call.argument(2, "stride", None) or kernel)
    dilation = _two(call.argument(4, "dilation", 1)) if call.name.startswith("max") else (1, 1)
    return _windows(lines, kernel, stride, _two(call.argument(3, "padding", 0)), dilation)


def _scaled(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    """Adaptive pools and interpolation: as many places as there are, spread evenly over those before. The bins of a pool whose
    sizes do not divide have their centres there on average."""
    if not _last_two(tape, call, lines):
        return None
    corners = call.name == "interpolate" and bool(call.argument(4, "align_corners", False))
    made = tape.values[call.output].shape[-2:]
    found = []
    for line, before, after in zip(lines, _sizes(tape, call.inputs[0], lines), made, strict=True):
        if corners:
            found.append(replace(line, stride=line.stride * (before - 1) / max(after - 1, 1)))
        else:
            found.append(line.window(before / after, before / after, 0))
    return found[0], found[1]


def _padded(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    given = call.argument(1, "pad", ())
    dims = tape.values[call.inputs[0]].dim()
    before = {dims - 1 - place: float(width) for place, width in enumerate(given[::2])}
    down, across = (line.window(1, 1, before.get(line.axis, 0)) for line in lines)
    return down, across


def _averaged(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    """A mean or maximum over axes that are not the film's, which stay where they are when the others are kept."""
    kept = tape.values[call.output].dim() == tape.values[call.inputs[0]].dim()
    return lines if kept and _sizes(tape, call.output, lines) == _sizes(tape, call.inputs[0], lines) else None


def _linear(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    """It mixes along the last axis, which must be that of the channels."""
    return None if tape.values[call.inputs[0]].dim() - 1 in (lines[0].axis, lines[1].axis) else lines


def _permuted(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    dims = tape.values[call.inputs[0]].dim()
    if call.name == "permute":
        order = [int(axis) % dims for axis in _listed(call.args[1:] or (call.kwargs.get("dims", ()),))]
    elif call.name == "transpose":
        order = list(range(dims))
        one, other = (int(call.argument(place, name)) % dims for place, name in ((1, "dim0"), (2, "dim1")))
        order[one], order[other] = order[other], order[one]
    else:
        return None
    down, across = (replace(line, axis=order.index(line.axis)) for line in lines)
    return down, across


def _reshaped(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    """Only what leaves the film's two axes as they are, at the end: channels in groups, as when they are shuffled."""
    made = tape.values[call.output].shape
    same = len(made) > 2 and tuple(made[-2:]) == _sizes(tape, call.inputs[0], lines)
    if not same or not _last_two(tape, call, lines):
        return None
    return replace(lines[0], axis=len(made) - 2), replace(lines[1], axis=len(made) - 1)


def _split(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    dim = int(call.argument(2, "dim", 0)) % tape.values[call.inputs[0]].dim()
    return None if dim in (lines[0].axis, lines[1].axis) else lines


def _part(tape: Tape, call: Call, lines: _Lines) -> _Lines | None:
    """Slices of a value: ``x[:, :4]``, ``x[..., ::2, ::2]``."""
    asked = call.args[1] if isinstance(call.args[1], tuple) else (call.args[1],)
    dims = tape.values[call.inputs[0]].dim()
    if Ellipsis in asked:
        at = asked.index(Ellipsis)
        asked = (*asked[:at], *[slice(None)] * (dims - len(asked) + 1), *asked[at + 1 :])
    if not all(isinstance(one, slice) for one in asked):
        return None
    found = []
    for line, length in zip(lines, _sizes(tape, call.inputs[0], lines), strict=True):
        start, _, step = asked[line.axis].indices(length) if line.axis < len(asked) else (0, length, 1)
        found.append(replace(line, start=line.start + start * line.stride, stride=line.stride * step))
    return found[0], found[1]


Rule = Callable[[Tape, Call, _Lines], _Lines | None]
RULES: dict[str, Rule] = {
    "conv2d": _conv,
    "conv_transpose2d": _transposed,
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices", "avg_pool2d"), _pool),
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices", "interpolate"), _scaled),
    "pad": _padded,
    **dict.fromkeys((*(AVERAGES - {"avg_pool2d", "adaptive_avg_pool2d"}), "sum", "amax", "max"), _averaged),
    "linear": _linear,
    **dict.fromkeys(("permute", "transpose"), _permuted),
    **dict.fromkeys(RESHAPES, _reshaped),
    **dict.fromkeys(("chunk", "split"), _split),
    "__getitem__": _part,
}
"""What moves places; anything else has none behind it."""


def _together(tape: Tape, call: Call, known: dict[int, _Lines]) -> _Lines | None:
    """Behind a sum, a product or a concatenation: where its branches lie, those that are one value for all places left aside.

    Branches of one stride may begin at different places, such as a 2×2 average beside a 3×3 convolution with stride 2. Then a
    cell looks at all of them, and its place is their mean. None where they differ in stride, or one of them has no place.
    """
    made = tape.values[call.output].shape
    found = []
    for index in call.inputs:
        shape, lines = tape.values[index].shape, known.get(index)
        if lines is None:
            if all(length == 1 for length in shape[-2:]) or len(shape) < 3:
                continue  # a gate for whole channels, or a number
            return None
        if len(shape) == len(made) and all(shape[line.axis] == made[line.axis] for line in lines):
            found.append(lines)
    if not found or any(_ways(lines) != _ways(found[0]) for lines in found):
        return None
    if call.name not in MIXES and int(call.argument(1, "dim", 0)) % len(made) in (found[0][0].axis, found[0][1].axis):
        return None
    down, across = (replace(found[0][way], start=sum(lines[way].start for lines in found) / len(found)) for way in (0, 1))
    return down, across


def _ways(lines: _Lines) -> tuple[tuple[int, float], ...]:
    return tuple((line.axis, round(line.stride, 6)) for line in lines)


def _windows(
    lines: _Lines, kernel: Sequence[int], stride: Sequence[int], before: Sequence[int], dilation: Sequence[int]
) -> _Lines:
    each = zip(lines, kernel, stride, before, dilation, strict=True)
    down, across = (line.window(k, s, p, d) for line, k, s, p, d in each)
    return down, across


def _last_two(tape: Tape, call: Call, lines: _Lines) -> bool:
    """Whether the film's axes are the last two, where convolutions and pools look for them."""
    dims = tape.values[call.inputs[0]].dim()
    return (lines[0].axis, lines[1].axis) == (dims - 2, dims - 1)


def _kernel(tape: Tape, call: Call) -> tuple[int, int]:
    """The size of a convolution's kernel, which may itself depend on the film."""
    weight = call.argument(1, "weight")
    shape = tape.values[weight.index].shape if isinstance(weight, Ref) else weight.shape
    return shape[-2], shape[-1]


def _two(value: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    return (value[0], value[-1])


def _listed(given: Iterable[Any]) -> list[Any]:
    """Axes that were given one by one, or as one list."""
    flat = list(given)
    return list(flat[0]) if len(flat) == 1 and isinstance(flat[0], tuple | list) else flat
