"""Names, dates, identifiers."""

import pytest

from app.ingest import identity, text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Hong^Gildong=洪^吉洞=홍^길동", "Hong Gildong (洪 吉洞, 홍 길동)"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada Tarou (山田 太郎, やまだ たろう)"),
        ("=洪^吉洞", "洪 吉洞"),
        ("DOE^JANE^^^", "DOE JANE"),
        ("", ""),
        ("=", ""),
    ],
)
def test_names_read_as_people_write_them(written: str, shown: str) -> None:
    assert text.person_name(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("20240229", "2024-02-29"),
        ("20230229", ""),
        ("1995.07.20", "1995-07-20"),
        ("1995", ""),
        ("", ""),
        ("20240229\0", "2024-02-29"),
    ],
)
def test_dates_are_iso_or_nothing(written: str, shown: str) -> None:
    assert text.iso_date(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"), [("134501.25", "13:45:01"), ("1345", "13:45"), ("13:45:01", "13:45:01"), ("25", ""), ("9945", "")]
)
def test_times_are_iso_or_nothing(written: str, shown: str) -> None:
    assert text.iso_time(written) == shown


def test_text_loses_what_could_harm_a_page_or_a_terminal() -> None:
    assert text.clean("a\x1b[2J\r\nb\u202ec\x00\u2028d  e") == "a [2J bc d e"
    assert len(text.clean("x" * 10_000)) == text.LONGEST


def test_generated_identifiers_are_valid_and_depend_on_the_content() -> None:
    first, second = identity.generated("0" * 64), identity.generated("f" * 64)
    assert first == "2.25.0"
    assert identity.valid(second)
    assert identity.generated("f" * 64, "series") not in (second, identity.generated("f" * 64, "study"))
    assert not identity.valid("1.2.x")
    assert not identity.valid("1." * 40)
    assert not identity.valid("../../etc/passwd")
