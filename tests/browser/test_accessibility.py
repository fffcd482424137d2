"""axe-core (WCAG 2.2 A and AA) finds no serious fault on any page, in either theme and either language."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.config import ROOT
from tests.browser.cases import Case, ready

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async (part) => {
  const found = await axe.run(part, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]});
  return found.violations.filter(({impact}) => ["serious", "critical"].includes(impact))
    .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({target}) => target.join(" ")).join(" | ")}`);
}"""


def faults(page: Page, part: str = "html") -> list[str]:
    """What axe finds serious or critical on the page as it stands, or on a part of it."""
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN, part)
    return found


@pytest.mark.parametrize(("theme", "language"), [("dark", "en"), ("light", "ko")])
def test_no_page_has_a_serious_fault(page: Page, stored: Case, theme: str, language: str) -> None:
    server = stored.url.split("/studies")[0]
    for name, value in (("theme", theme), ("language", language)):
        page.context.add_cookies([{"name": f"whylight-{name}", "value": value, "url": server}])
    report = f"{stored.url}/report"
    found: dict[str, list[str]] = {}
    for url in (
        server,
        f"{server}/upload",
        f"{server}/flagged",
        f"{server}/models",
        f"{server}/models/phantom-untrained",
        report,
        f"{stored.url}/networks",
    ):
        page.goto(url)
        found[url.removeprefix(server)] = faults(page)
    page.goto(stored.url)
    ready(page)
    found["case"] = faults(page)
    page.keyboard.press("?")
    found["keys"] = faults(page)
    assert {place: said for place, said in found.items() if said} == {}
