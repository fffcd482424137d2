"""Korean letters where the system has no font for them: the page brings its own, and only then."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Playwright, Request

from tests.browser.cases import painted
from tests.browser.conftest import CHROMIUM_FLAGS, CHROMIUM_NAMES, Server

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts/truetype/dejavu</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def test_a_browser_without_korean_letters_gets_them_and_an_english_page_asks_for_none(
    playwright: Playwright, small_server: Server, tmp_path: Path
) -> None:
    (tmp_path / "fonts.conf").write_text(FONTS.format(cache=tmp_path), encoding="utf-8")
    executable = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    browser = playwright.chromium.launch(
        executable_path=executable, chromium_sandbox=False, args=list(CHROMIUM_FLAGS), env=environment
    )
    try:
        asked: dict[str, list[str]] = {}
        for language in ("en", "ko"):
            context = browser.new_context()
            context.add_cookies([{"name": "whylight-language", "value": language, "url": small_server.url}])
            page = context.new_page()
            fonts = asked.setdefault(language, [])

            def fetched(request: Request, fonts: list[str] = fonts) -> None:
                fonts.append(request.url)

            page.on("requestfinished", fetched)
            # The button that names the language is in Korean on every page: the English page is looked at without it.
            if language == "en":
                page.add_init_script(
                    "new MutationObserver(() => document.querySelector('button[lang=ko]')?.remove())"
                    ".observe(document, {childList: true, subtree: true})"  # before anything of it is laid out
                )
            page.goto(f"{small_server.url}/models", wait_until="networkidle")
            painted(page)
            loaded = page.evaluate(
                "document.fonts.ready.then((all) => [...all].filter(({ status }) => status === 'loaded').length)"
            )
            asked[language] = [url for url in fonts if url.endswith(".ttf")]
            assert (loaded > 0) == (language == "ko")
            context.close()
        assert asked["en"] == []
        assert any("NanumGothic" in url for url in asked["ko"])
    finally:
        browser.close()
