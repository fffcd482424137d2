"""What a case says of a network's own attention: a channel's factors, the frame of a crop, the path of glimpses, and what both
looks answer by themselves. Knows rows of layers and the figures beside them; no network.
"""

from collections.abc import Iterable, Iterator, Mapping

from app.domain.looking import CHANNEL, branches_in, frame_in, gates_in, path_in
from app.store import LayerRow
from app.web.case.payload_results import GlimpseData, LooksData
from app.web.figures import fixed
from app.web.wording import Translate

Point = tuple[float, float]
Rule = tuple[Point, Point]
Moves = tuple[float, float, float, float, float, float]


def told(row: LayerRow, _: Translate) -> Iterator[str]:
    """Sentences under a layer's pane."""
    numbers = row.figures
    if CHANNEL[-1] in numbers:
        yield _channel(numbers, _)
    gates = gates_in(numbers)
    if gates:
        listed = ", ".join(f"{channel} ({fixed(gate, 2)})" for channel, gate in gates.items())
        yield _("Channels with their gates: %(listed)s", listed=listed)
    both = branches_in(numbers, row.finding)
    if both:
        whole, crop = (f"{100 * p:.0f} %" for p in both)
        yield _("By the whole film alone %(whole)s, by the crop alone %(crop)s.", whole=whole, crop=crop)


def _channel(numbers: Mapping[str, float], _: Translate) -> str:
    number, weight = f"{numbers['channel']:.0f}", fixed(numbers["weight"], 3)
    mean, product, answer = fixed(numbers["mean"], 3), fixed(numbers["product"], 3), fixed(numbers["answer"], 3)
    if "gate" not in numbers:
        return _(
            "Channel %(number)s: weight %(weight)s × mean %(mean)s = %(product)s of %(answer)s, the logit less its bias.",
            number=number,
            weight=weight,
            mean=mean,
            product=product,
            answer=answer,
        )
    return _(
        "Channel %(number)s: gate %(gate)s × weight %(weight)s × mean %(mean)s = %(product)s "
        "of %(answer)s, the logit less its bias.",
        number=number,
        gate=fixed(numbers["gate"], 2),
        weight=weight,
        mean=mean,
        product=product,
        answer=answer,
    )


def frame(row: LayerRow) -> tuple[Rule, ...]:
    """The frame of what was cropped, on the film under a layer; not on the crop itself, which is shown in the film's place."""
    found = frame_in(row.figures)
    if found is None or row.kind == "image":
        return ()
    return rectangle(found.left, found.top, found.right, found.bottom)


def rectangle(left: float, top: float, right: float, bottom: float) -> tuple[Rule, ...]:
    """Its four sides."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return tuple(zip(corners, (*corners[1:], corners[0]), strict=True))


def moves(row: LayerRow) -> Moves | None:
    """Where a crop shows what lies on the film: [a, b, c, d, e, f] with X = a·x + b·y + e and Y = c·x + d·y + f; None for
    layers that show it in its place."""
    found, shown = frame_in(row.figures), row.extent
    if found is None or row.kind != "image":
        return None
    across = (shown.right - shown.left) / (found.right - found.left)
    down = (shown.bottom - shown.top) / (found.bottom - found.top)
    return across, 0.0, 0.0, down, shown.left - across * found.left, shown.top - down * found.top


def path(row: LayerRow) -> tuple[GlimpseData, ...]:
    """The glimpses of a layer that shows a path, each with the lines that are drawn for it: both its windows, and the way from
    the glimpse before."""
    found = path_in(row.figures)
    if found is None:
        return ()
    steps = []
    before: Point | None = None
    for one in found.glimpses:
        windows = [_window(one.x, one.y, side) for side in (found.fine, found.coarse)]
        way: tuple[Rule, ...] = () if before is None else ((before, (one.x, one.y)),)
        steps.append(GlimpseData(windows[0], windows[1], way, one.probability))
        before = (one.x, one.y)
    return tuple(steps)


def _window(x: float, y: float, side: float) -> tuple[Rule, ...]:
    half = side / 2
    return rectangle(x - half, y - half, x + half, y + half)


def looks(rows: Iterable[LayerRow], model: str) -> LooksData | None:
    """What both looks of the network ``model`` say by themselves, by finding; None where it looks once."""
    for row in (row for row in rows if row.model == model):
        names = [name.removeprefix("crop: ") for name in row.figures if name.startswith("crop: ")]
        if names:
            found = {name: both for name in names if (both := branches_in(row.figures, name)) is not None}
            return LooksData(found)
    return None
