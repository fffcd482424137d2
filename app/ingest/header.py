"""A DICOM header as values that can be trusted: every read may fail, and says so instead of raising.

Knows pydicom's data sets and nothing of images. A value can fail long after parsing went well, so each read goes through here.
"""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag, Tag

from app.errors import NotReadable, TooLarge
from app.ingest import text as texts
from app.ingest.limits import ITEMS

UNREADABLE = "Some values in the header could not be read and were left out."
UNDECODABLE = "Some text in the header is not in the character set it claims; letters may be wrong."

# Functional group macros that say how a frame lies and looks: PS3.3 C.7.6.16.
MACROS = (
    "PixelMeasuresSequence", "PlanePositionSequence", "PlaneOrientationSequence", "FrameVOILUTSequence",
    "PixelValueTransformationSequence", "FrameAnatomySequence", "FramePixelDataPropertiesSequence",
    "CTPixelValueTransformationSequence", "FrameContentSequence", "MRImageFrameTypeSequence", "CardiacSynchronizationSequence",
    "MREchoSequence", "MRTimingAndRelatedParametersSequence",
)  # fmt: skip


@functools.cache
def _tag(keyword: str) -> BaseTag:
    """The tag of a keyword. pydicom looks it up anew each time, which is most of the work for thousands of frames."""
    return Tag(tag_for_keyword(keyword) or 0)


class Header:
    """The data sets in which an element is looked up, the first that has it wins, and the warnings gathered on the way."""

    def __init__(self, datasets: Sequence[Dataset], warnings: list[str] | None = None, *, little: bool = True) -> None:
        self._datasets = tuple(datasets)
        self.warnings: list[str] = [] if warnings is None else warnings
        self.little = little
        """Whether words that are kept as octets (OW) lie in little-endian order."""

    def _like(self, datasets: Sequence[Dataset]) -> "Header":
        return Header(datasets, self.warnings, little=self.little)

    def warn(self, sentence: str) -> None:
        """Add a warning, once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def has(self, keyword: str) -> bool:
        """Whether the element is there with a value."""
        return self.raw(keyword) is not None

    def raw(self, keyword: str) -> Any:
        """The value as pydicom reads it, None where there is none or it cannot be read."""
        return self._read(keyword)[0]

    def _read(self, keyword: str) -> tuple[Any, bool]:
        """The value or None, and whether one that is there could not be read."""
        broken, tag = False, _tag(keyword)
        for dataset in self._datasets:
            if tag not in dataset:
                continue
            try:
                value = dataset[tag].value
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - a value that cannot be read is one value's fault, not the file's
                self.warn(UNREADABLE)
                broken = True
                continue
            if value is None or (isinstance(value, MultiValue | list | str | bytes) and len(value) == 0):
                continue
            return value, broken
        return None, broken

    @functools.cached_property
    def overlays(self) -> tuple[tuple[bool, bool], ...]:
        """Of each overlay plane (60xx, PS3.3 C.9.2): whether it has data of its own, whether it lies in pixels' unused bits."""
        found = []
        for group in range(0x6000, 0x6020, 2):
            dataset = next((each for each in self._datasets if (group, 0x0010) in each), None)
            if dataset is not None:
                low = self._number(dataset, (group, 0x0102))
                found.append(((group, 0x3000) in dataset, low > 0 and (group, 0x3000) not in dataset))
        return tuple(found)

    @property
    def embedded_overlays(self) -> bool:
        """Whether unused bits of the pixels hold overlays, as was allowed up to 2004."""
        return any(embedded for _, embedded in self.overlays)

    def _number(self, dataset: Dataset, tag: tuple[int, int]) -> int:
        try:
            return int(dataset[tag].value)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - as in _read
            return 0

    def text(self, keyword: str) -> str:
        """The value as one clean line; several values joined by ", "; the empty string where there is none."""
        return texts.clean(", ".join(self.lines(keyword)))

    def lines(self, keyword: str) -> tuple[str, ...]:
        """The values, each as one clean line."""
        value = self.raw(keyword)
        if value is None:
            return ()
        values: Iterable[Any] = value if isinstance(value, MultiValue | list | tuple) else (value,)
        return tuple(self._shown(texts.clean(str(each))) for each in values)

    def name(self, keyword: str) -> str:
        """A person name, decoded and made readable."""
        value = self.raw(keyword)
        first = value[0] if isinstance(value, MultiValue | list | tuple) else value
        return "" if first is None else self._shown(texts.person_name(str(first)))

    def _shown(self, text: str) -> str:
        if "\ufffd" in text:
            self.warn(UNDECODABLE)
        return text

    def date(self, *keywords: str) -> str:
        """The first of these dates that is one, as YYYY-MM-DD."""
        return next(filter(None, (texts.iso_date(self.text(keyword)) for keyword in keywords)), "")

    def time(self, *keywords: str) -> str:
        """The first of these times that is one, as HH:MM or HH:MM:SS."""
        return next(filter(None, (texts.iso_time(self.text(keyword)) for keyword in keywords)), "")

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers; empty where there are none or one of them is no number."""
        value = self.raw(keyword)
        if value is None:
            return ()
        values: Iterable[Any] = value if isinstance(value, MultiValue | list | tuple) else (value,)
        try:
            found = tuple(float(each) for each in values)
        except (TypeError, ValueError):
            self.warn(UNREADABLE)
            return ()
        if not all(map(math.isfinite, found)):
            self.warn(UNREADABLE)
            return ()
        return found

    def number(self, keyword: str, default: float) -> float:
        """The first value as a finite number."""
        return (*self.numbers(keyword), default)[0]

    def integer(self, keyword: str, default: int | None = None) -> int:
        """A whole number that the pixels depend on. Raises NotReadable where it is no number, or missing without a default."""
        value, broken = self._read(keyword)
        if value is None and default is not None and not broken:
            return default
        first = value[0] if isinstance(value, MultiValue | list | tuple) else value
        try:
            return int(first)
        except (TypeError, ValueError, OverflowError) as error:
            tag = _tag(keyword)
            sentence = "%(keyword)s %(tag)s is missing or no number, so the pixels cannot be read. Export the image again."
            raise NotReadable(sentence, {"keyword": keyword, "tag": f"({tag.group:04X},{tag.element:04X})"}) from error

    def items(self, keyword: str) -> tuple["Header", ...]:
        """The items of a sequence. Raises TooLarge for one with more items than any image needs."""
        for dataset in self._datasets:
            if _tag(keyword) not in dataset:
                continue
            self._counted(dataset, keyword)
            value = self._like([dataset]).raw(keyword)
            if isinstance(value, Items):
                return tuple(self._like([item]) for item in value)
        return ()

    @staticmethod
    def _counted(dataset: Dataset, keyword: str) -> None:
        """A sequence of known length is parsed only now, so its items are counted first."""
        element = dataset.get_item(_tag(keyword))
        octets = getattr(element, "value", None)  # bytes as long as nobody has asked for the items
        if not isinstance(octets, bytes):
            return
        if octets.count(b"\xfe\xff\x00\xe0") + octets.count(b"\xff\xfe\xe0\x00") > ITEMS:
            raise TooLarge("The header has far more elements than any image needs, and was not read. Export the image again.")

    def frames(self, count: int) -> Iterator["Header"]:
        """The header of each frame: its own functional groups, then the shared ones, then the rest. PS3.3 C.7.6.16."""
        own = self.items("PerFrameFunctionalGroupsSequence")
        shared = self.items("SharedFunctionalGroupsSequence")[:1]
        common = self._macros(shared)
        for number in range(count):
            yield self._like([*self._macros(own[number : number + 1]), *common, *self._datasets])

    @staticmethod
    def _macros(groups: Sequence["Header"]) -> list[Dataset]:
        return [item._datasets[0] for group in groups for macro in MACROS for item in group.items(macro)[:1]]
