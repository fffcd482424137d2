"""What an MR sequence shows bright, its echo, and whether it was made to plan others. Knows header numbers and words, no pixel.

Weighting is in no tag of its own. A description that names it is believed; else times decide, for spin echoes, where the usual
bounds of musculoskeletal protocols hold. A reader can correct it.
"""

import re

from app.ingest.header import Header

SHORT_TR, LONG_TR = 1000.0, 1500.0
"""Repetition times (0018,0080) in ms: below the first T1, above the second PD or T2."""
SHORT_TE, LONG_TE = 30.0, 60.0
"""Echo times (0018,0081) in ms: below the first T1 or PD, from the second on T2."""

NAMED = (
    ("STIR", r"stir|tirm"),
    ("FLAIR", r"flair|dark.?fluid"),
    ("T2*", r"t2\s?\*|t2.?star|medic|merge"),
    ("PD", r"pd|dp|proton|rho"),
    ("T2", r"t2w?"),
    ("T1", r"t1w?"),
)
"""Weighting and the words that name it; a word ends where no letter or digit follows, but for a trailing w."""
SUPPRESSED = r"fs|fat.?sat|spair|spir|sat|chess|we|water|dixon.?w|ideal.?w"
PLANNING = r"loc|localiser|localizer|scout|survey|3.?plane?s?|3.?pl|plan.?scan|smartbrain|repérage"


def weighting(header: Header) -> str:
    """As `app.domain.Series` has it: "T1", "T2", "PD", "T2*", "STIR", "FLAIR", with " FS" where fat is suppressed; "FS"
    where that is all there is to know."""
    words = _words(header)
    named = next((name for name, pattern in NAMED if _says(words, pattern)), "") or _by_times(header)
    if named in ("STIR", "FLAIR"):
        return named
    suppressed = "FS" in header.lines("ScanOptions") or _says(words, SUPPRESSED)
    return f"{named} FS".strip() if suppressed else named


def _by_times(header: Header) -> str:
    """Of a spin echo, by TR and TE: short and short is T1, long and short PD, long and long T2."""
    repetition, echo = header.number("RepetitionTime", 0.0), echo_time(header)
    kinds = (*header.lines("ScanningSequence"), *header.lines("EchoPulseSequence"))  # the second: Enhanced MR's (0018,9008)
    gradient = bool({"GR", "GRADIENT"}.intersection(kinds)) and "SE" not in kinds
    if repetition <= 0 or echo is None or gradient:
        return ""
    if repetition < SHORT_TR:
        return "T1" if echo < SHORT_TE else ""
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


def localizer(header: Header) -> bool:
    """Whether Image Type (0008,0008) says LOCALIZER, or a description does."""
    if any(part.upper() == "LOCALIZER" for part in header.lines("ImageType")):
        return True
    return _says(_words(header), PLANNING)


def _words(header: Header) -> str:
    """The descriptions, with signs that join words as spaces."""
    told = (header.text(keyword) for keyword in ("SeriesDescription", "ProtocolName"))
    return re.sub(r"[_\-/.,:+()]+", " ", " ".join(told)).lower()


def _says(words: str, pattern: str) -> bool:
    return re.search(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9*])", words) is not None
