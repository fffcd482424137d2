#!/usr/bin/env bash
# Sees to it that browser tests find a real Chromium; where it may not install one, says the one command to run.
# Debian's chromium-headless-shell is the same engine without a window: pages cost a quarter less, so it is fetched even where
# there is a browser with windows, which will do where nothing may be installed.
set -euo pipefail

# works NAME: whether this browser is there. Ubuntu's chromium-browser may be a script that only says "install the snap": ask it
# for its version.
works() {
    command -v "$1" >/dev/null && "$1" --version >/dev/null 2>&1
}

windowed() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        works "$name" && return 0
    done
    .venv/bin/python -c 'import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as driver:
    sys.exit(not pathlib.Path(driver.chromium.executable_path).exists())' 2>/dev/null
}

works chromium-headless-shell && exit 0
if grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then
    # Ubuntu has Chromium as a snap only, which cannot read temporary folders; Playwright's own build works there.
    remedy="sudo $PWD/.venv/bin/playwright install --with-deps chromium"
else
    echo "Installing Chromium for the browser tests."
    for package in chromium-headless-shell chromium; do
        [ "$package" = chromium-headless-shell ] || ! windowed || exit 0
        if .ci/apt.sh "$package" fonts-noto-cjk; then
            exit 0
        fi
    done
    remedy="sudo apt-get install -y chromium-headless-shell fonts-noto-cjk"
fi
windowed && exit 0
echo "Browser tests need Chromium, and it may not be installed from here. Run once: $remedy" >&2
exit 1
