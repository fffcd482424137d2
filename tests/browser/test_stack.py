"""A stack that no network reads: wheel and keys through its images, panes on images of their own, keys while somebody types."""

import io
import re

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from pydicom.uid import UID

from app.phantoms import chest, dicom
from tests.browser.cases import painted, until
from tests.browser.conftest import Server

COUNT = 30


@pytest.fixture(scope="module")
def hand(small_server: Server, chromium: Browser) -> str:
    """Address of a case of thirty images of one series, made of one film that grows brighter."""
    films = []
    drawn = dicom.dataset(chest.draw(9, (), size=128))
    pixels = drawn.pixel_array // 2
    drawn.StudyInstanceUID, drawn.SeriesInstanceUID, drawn.PatientID = UID("1.2.826.0.1.7"), UID("1.2.826.0.1.7.1"), "STACK"
    drawn.BodyPartExamined = "HAND"
    for number in range(COUNT):
        drawn.InstanceNumber = number + 1
        drawn.SOPInstanceUID = drawn.file_meta.MediaStorageSOPInstanceUID = UID(f"1.2.826.0.1.7.1.{number + 1}")
        drawn.PixelData = (pixels + number * 60).astype("<u2").tobytes()
        octets = io.BytesIO()
        drawn.save_as(octets, enforce_file_format=True)
        films.append(FilePayload(name=f"{number}.dcm", mimeType="application/dicom", buffer=octets.getvalue()))
    page = chromium.new_page()
    page.goto(f"{small_server.url}/upload")
    page.locator("#files").set_input_files(films)
    page.wait_for_url(re.compile(r"/studies/[a-z2-7]{12}"))
    url = page.url.split("?")[0]
    page.close()
    return url


@pytest.fixture
def stack(page: Page, hand: str) -> Page:
    """The case, opened, its first image drawn."""
    page.goto(hand)
    expect(page.locator("#pane-film .pane-state")).to_have_attribute("data-state", "full")
    return page


def at(page: Page, place: int) -> None:
    """The page shows the image at this place, from 1."""
    expect(page.locator(".pane").first.locator(".pane-place")).to_have_text(f"{place} / {COUNT} · no. {place}")


def test_ctrl_and_wheel_move_by_a_twentieth_of_the_stack(stack: Page) -> None:
    stack.locator("#pane-film .pane-view").hover()
    stack.mouse.wheel(0, 120)
    at(stack, 2)
    stack.keyboard.down("Control")
    stack.mouse.wheel(0, 120)
    at(stack, 4)
    stack.mouse.wheel(0, -120)
    at(stack, 2)
    stack.keyboard.up("Control")
    stack.mouse.wheel(0, -120)
    at(stack, 1)
    assert stack.evaluate("visualViewport.scale") == 1


def test_keys_move_through_the_stack_and_stay_away_while_somebody_types(stack: Page) -> None:
    stack.locator("#pane-film").focus()
    stack.keyboard.press("ArrowDown")
    at(stack, 2)
    stack.keyboard.press("End")
    at(stack, COUNT)
    stack.keyboard.press("Home")
    at(stack, 1)
    stack.locator("#layout > summary").click()
    stack.locator("#layout-name").fill("")
    stack.locator("#layout-name").press_sequentially("ihvrlozk 15=")
    assert stack.locator("#layout-name").input_value() == "ihvrlozk 15="
    stack.locator("#layout-name").press("End")
    at(stack, 1)
    expect(stack.locator("#invert")).to_have_attribute("aria-pressed", "false")
    expect(stack.locator("#zoom-tool")).to_have_attribute("aria-pressed", "false")


def test_a_pane_stays_on_an_image_of_its_own(stack: Page) -> None:
    stack.locator("#layout > summary").click()
    stack.locator('.layout-cell[data-rows="1"][data-columns="2"]').click()
    stack.locator(".pane").nth(1).locator(".pane-view").click()
    stack.locator('.chip[data-layer="film"]').click()
    stack.locator("#links > summary").click()
    stack.locator('[data-link="slice"]').uncheck()
    stack.keyboard.press("Escape")
    views = [stack.locator(".pane").nth(place).locator(".pane-view") for place in (0, 1)]

    def shots() -> list[bytes]:
        expect(stack.locator('.pane-state[data-state="full"]')).to_have_count(2)
        # The probe's cross stands on the image under the pointer alone.
        stack.evaluate("for (const e of document.querySelectorAll('.pane-cross')) e.style.visibility = 'hidden'")
        painted(stack)
        # A hidden caret leaves a style on every field, which htmx would copy when the findings come anew.
        return [view.screenshot(caret="initial") for view in views]

    first = shots()
    views[0].hover()
    for _ in range(3):
        stack.mouse.wheel(0, 120)
    at(stack, 4)
    until(stack, lambda: shots()[0] != first[0])
    linked = shots()
    assert linked[1] == first[1]
    views[1].hover()
    stack.mouse.wheel(0, 120)
    until(stack, lambda: shots()[1] != linked[1])
    alone = shots()
    at(stack, 4)
    assert alone[0] == linked[0]
    stack.locator("#links > summary").click()
    stack.locator('[data-link="slice"]').check()
    stack.keyboard.press("Escape")
    until(stack, lambda: shots()[1] != alone[1])
    stack.mouse.wheel(0, 120)
    at(stack, 5)
