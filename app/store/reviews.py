"""Reviews: readers' verdicts. They are only ever added; taking one back leaves a mark."""

from collections.abc import Iterator

from app.domain import Review
from app.store.records import Choices, FlagQuery, FlagRow, Page, ReviewRow


class Reviews:
    """The reviews of a transaction. In force is the latest one not withdrawn per image × network version × method × finding ×
    reader; withdrawing it puts the one before in force again."""

    def add(self, review: Review) -> ReviewRow:
        """Add a verdict about a stored image (found by SOP Instance UID and frame); NotFound."""
        raise NotImplementedError

    def get(self, review_id: str) -> ReviewRow:
        """One verdict, withdrawn or not; NotFound."""
        raise NotImplementedError

    def withdraw(self, review_id: str) -> ReviewRow:
        """Mark a verdict as taken back; once more changes nothing. NotFound."""
        raise NotImplementedError

    def of_study(self, study_id: str) -> tuple[ReviewRow, ...]:
        """The verdicts in force about a study, oldest first."""
        raise NotImplementedError

    def page(self, query: FlagQuery) -> Page[FlagRow]:
        """One page of verdicts in force; a page beyond the last is the last."""
        raise NotImplementedError

    def export(self, query: FlagQuery) -> Iterator[FlagRow]:
        """Every verdict in force that the query takes, sorted as it says, without paging."""
        raise NotImplementedError

    def choices(self) -> Choices:
        """What occurs in the verdicts in force."""
        raise NotImplementedError
