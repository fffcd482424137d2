"""What an MR sequence shows bright, its echo, and whether it was made to plan others. Knows header numbers and words, no pixel.

Weighting is in no tag of its own. A description that names it is believed; else times decide, for spin echoes, where the usual
bounds of musculoskeletal protocols hold. The contrast of a gradient echo follows from more than its times: unless a name or a
long echo at a small flip angle says, it is not known. A reader can correct it.
"""

import re

from app.ingest.header import Header

LEAST_TR, SHORT_TR, LONG_TR = 200.0, 1000.0, 1500.0
"""Repetition times (0018,0080) in ms: below the first no spin echo, up to the second T1, above the third PD or T2."""
SHORT_TE, LONG_TE = 30.0, 60.0
"""Echo times (0018,0081) in ms: below the first T1 or PD, from the second on T2."""

LONG_GRADIENT_TE, SMALL_FLIP = 12.0, 45.0
"""Echo time in ms and flip angle (0018,1314) in degrees: a gradient echo as late as the one, turned no more than the other, is
T2*."""
SHORT_TI, LONG_TI = (80.0, 260.0), (1500.0, 3000.0)
"""Inversion times (0018,0082) in ms that null fat (STIR) and fluid (FLAIR)."""

NAMED = (
    ("DESS", r"dess|de3d\w*"),
    ("STIR", r"stir|tirm"),
    ("FLAIR", r"flair|dark.?fluid"),
    ("T2*", r"t2\s?\*|t2.?star|medic|merge"),
    ("PD", r"pd|dp|proton|rho"),
    ("T2", r"t2w?"),
    ("T1", r"t1w?"),
)
"""Weighting and the words that name it; a word ends where no letter or digit follows, but for a trailing w."""
GRADIENT = (
    r"gre|grass|f?spgr|mpgr|flash|vibe|lava|thrive|[bt]?ffe|true? ?fisp|fisp|psif|fiesta|ciss|bravo|"
    r"(?:fl|fi|ci|tfl|tfi|psif)[23]d\w*"
)
"""Names of gradient echoes, in descriptions and as Sequence Name (0018,0024)."""
SUPPRESSED = r"fs|fat.?sat|spair|spir|sat|chess|we|water|dixon.?w|ideal.?w"
MOMENT = (
    "TemporalPositionIndex", "TemporalPositionIdentifier", "TriggerTime", "NominalCardiacTriggerDelayTime", "AcquisitionNumber",
)  # fmt: skip
PLACES = frozenset({0x00209056, 0x00209057, 0x00200032, 0x00201041, 0x00209113, 0x00209111, 0x00080018})
"""Dimensions of place: Stack ID, In-Stack Position Number, Image Position, Slice Location, and what holds them."""
MOMENTS = frozenset({0x00209128, 0x00200100, 0x00181060, 0x00209153, 0x00189074})
LONGEST_KIND = 64
PLANNING = r"loc|localiser|localizer|scout|survey|3.?plane?s?|3.?pl|plan.?scan|smartbrain|repérage"


def weighting(header: Header) -> str:
    """As `app.domain.Series` has it: "T1", "T2", "PD", "T2*", "DESS", "STIR", "FLAIR", with " FS" where fat is suppressed;
    "FS" where that is all there is to know."""
    words = _words(header)
    named = next((name for name, pattern in NAMED if _says(words, pattern)), "") or _by_times(header, words)
    if named in ("STIR", "FLAIR"):
        return named
    suppressed = "FS" in header.lines("ScanOptions") or _says(words, SUPPRESSED)
    return f"{named} FS".strip() if suppressed else named


def _by_times(header: Header, words: str) -> str:
    """Of a spin echo by TR and TE; of an inversion by what it nulls; of a gradient echo T2* where its echo is late and its flip
    angle small."""
    echo = echo_time(header)
    kinds = {*header.lines("ScanningSequence"), *header.lines("EchoPulseSequence")}  # the second: Enhanced MR's (0018,9008)
    if "IR" in kinds and (inversion := header.number("InversionTime", 0.0)) > 0:
        nulled = (("STIR", SHORT_TI), ("FLAIR", LONG_TI))
        return next((name for name, (low, high) in nulled if low <= inversion <= high), "")
    if echo is None:
        return ""
    if (kinds & {"GR", "GRADIENT"} or _says(words, GRADIENT)) and not kinds & {"SE", "SPIN"}:
        return "T2*" if echo >= LONG_GRADIENT_TE and 0 < header.number("FlipAngle", 0.0) <= SMALL_FLIP else ""
    return _spin_echo(header.number("RepetitionTime", 0.0), echo)


def _spin_echo(repetition: float, echo: float) -> str:
    """Short TR and TE is T1, long and short PD, long and long T2."""
    if LEAST_TR <= repetition < SHORT_TR and echo < SHORT_TE:
        return "T1"
    if repetition < LONG_TR:
        return ""
    return "T2" if echo >= LONG_TE else "PD"


def echo_time(header: Header) -> float | None:
    """Echo Time (0018,0081) or Effective Echo Time (0018,9082) in ms; None where there is none."""
    for keyword in ("EchoTime", "EffectiveEchoTime"):
        found = header.numbers(keyword)
        if found and 0 < found[0] < 10_000:
            return found[0]
    return None


def kind(header: Header) -> str:
    """What a frame is, apart from where it lies and when it was taken: what is left of Image Type (0008,0008) or Frame Type
    (0008,9007) behind the first two values, which say the same of every frame, and its places in the dimensions (0020,9157)
    other than stack, place and time (PS3.3 C.7.6.17)."""
    types = header.lines("FrameType") or header.lines("ImageType")
    return " ".join([*(part.upper() for part in types[2:]), *_indices(header)])[:LONGEST_KIND]


def _indices(header: Header) -> list[str]:
    values = header.numbers("DimensionIndexValues")
    pointers = [item.raw("DimensionIndexPointer") for item in header.items("DimensionIndexSequence")]
    return [
        f"{int(value)}"
        for value, pointer in zip(values, pointers, strict=False)
        if pointer is not None and int(pointer) not in PLACES and int(pointer) not in MOMENTS
    ]


def moment(header: Header) -> float | None:
    """When a frame was taken, among those in its place: Temporal Position Index (0020,9128) or Identifier (0020,0100), Trigger
    Time (0018,1060) or Nominal Cardiac Trigger Delay Time (0020,9153) in ms, Acquisition Number (0020,0012); None where the
    header says none of these."""
    for keyword in MOMENT:
        if found := header.numbers(keyword)[:1]:
            return found[0]
    return None


def localizer(header: Header) -> bool:
    """Whether Image Type (0008,0008) says LOCALIZER, or a description does."""
    if any(part.upper() == "LOCALIZER" for part in header.lines("ImageType")):
        return True
    return _says(_words(header), PLANNING)


def _words(header: Header) -> str:
    """The descriptions, with signs that join words as spaces."""
    told = (header.text(keyword) for keyword in ("SeriesDescription", "ProtocolName", "SequenceName"))
    return re.sub(r"[_\-/.,:+()]+", " ", " ".join(told)).lower()


def _says(words: str, pattern: str) -> bool:
    return re.search(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9*])", words) is not None
