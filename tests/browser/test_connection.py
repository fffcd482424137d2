"""A connection that goes and comes: panes say the truth meanwhile, and recover by themselves."""

import re

from playwright.sync_api import Page, expect

from tests.browser.cases import ANALYSED_MS, Case, ready
from tests.browser.conftest import Watch

FULL = '.pane:not([data-method=""]) .pane-state[data-state="full"]'
AWAY = "not here – the server does not answer"


def test_offline_another_finding_online(case: Page, stored: Case, browser_watch: Watch) -> None:
    browser_watch.allow("ERR_INTERNET_DISCONNECTED|htmx:")
    other = next(
        score["finding"] for score in stored.data["prediction"]["scores"] if score["finding"] != stored.data["finding"]
    )
    case.context.set_offline(True)
    case.locator(f'.finding input[value="{other}"]').check(force=True)
    notice = case.locator("#stage-notice")
    expect(notice).to_contain_text(re.compile(r"The server has not answered since \d+:\d+"))
    words = case.locator('.pane:not([data-method=""]) .pane-words')
    expect(words).to_have_text([AWAY] * 5)
    expect(case.locator(FULL)).to_have_count(0)
    expect(case.locator('.pane-state[data-state="bare"]')).to_have_text(["film only"] * 5)
    case.context.set_offline(False)
    expect(notice).to_be_hidden()
    ready(case)
    expect(words.filter(visible=True)).to_have_count(0, timeout=ANALYSED_MS)
    assert stored.read(f"/case.json?finding={other}")
