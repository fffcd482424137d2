"""Another network on the same film: the finding stays where it knows it, and the view stays as it was."""

from playwright.sync_api import Page, expect

from tests.browser.cases import ANALYSED_MS, Case, drag, painted

OTHER = "phantom-by-name"


def facts(page: Page) -> list[str]:
    """Window and scale, as the film's pane says them, and what lies where."""
    shown = [page.locator("#pane-film .film-window").inner_text(), page.locator("#pane-film .film-scale").inner_text()]
    return shown + [pane.get_attribute("id") or "" for pane in page.locator(".pane").all()]


def to(page: Page, network: str) -> None:
    """Choose a network, and wait until its page is there."""
    page.locator("#model").select_option(network)
    page.wait_for_url(f"**model={network}**")
    expect(page.locator("html")).to_have_attribute("data-view", "restored")


def test_another_network_keeps_finding_and_view_and_says_what_it_does_not_know(case: Page, stored: Case) -> None:
    own = stored.data["model"]
    case.locator('.finding input[value="Nodule"]').check(force=True)
    case.locator("#layout > summary").click()
    case.locator('.layout-cell[data-rows="2"][data-columns="2"]').click()
    case.locator("#pane-film").focus()
    drag(case, "film", (0.5, 0.5), (0.7, 0.6))
    drag(case, "film", (0.5, 0.5), (0.5, 0.3), "right")
    painted(case)
    before = facts(case)

    to(case, OTHER)
    case.get_by_role("button", name="Let it read").click()
    expect(case.locator(".finding input:checked")).to_have_value("Nodule", timeout=ANALYSED_MS)
    painted(case)
    assert facts(case) == before
    expect(case.locator("#link-notice")).to_be_hidden()

    to(case, own)
    expect(case.locator(".finding input:checked")).to_have_value("Nodule")
    assert facts(case) == before
    assert "#view" not in case.url

    case.locator('.finding input[value="Effusion"]').check(force=True)
    to(case, OTHER)
    expect(case.locator("#link-notice")).to_contain_text("“Effusion” is not one of the findings")
    case.locator("#link-close").click()
    expect(case.locator(".finding input:checked")).to_have_value("Nodule")
    painted(case)
    assert facts(case) == before
