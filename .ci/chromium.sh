#!/usr/bin/env bash
# Sees to it that browser tests find a real Chromium; where it may not install one, says the one command to run.
set -euo pipefail
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    # Ubuntu's chromium-browser may be a script that only says "install the snap": ask it for its version.
    if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then
        exit 0
    fi
done
if .venv/bin/python -c 'import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as driver:
    sys.exit(not pathlib.Path(driver.chromium.executable_path).exists())' 2>/dev/null; then
    exit 0
fi
if grep -qi '^ID=ubuntu' /etc/os-release 2>/dev/null; then
    # Ubuntu has Chromium as a snap only, which cannot read temporary folders; Playwright's own build works there.
    remedy="sudo $PWD/.venv/bin/playwright install --with-deps chromium"
else
    echo "Installing Chromium for the browser tests."
    if .ci/apt.sh chromium fonts-noto-cjk; then
        exit 0
    fi
    remedy="sudo apt-get install -y chromium fonts-noto-cjk"
fi
echo "Browser tests need Chromium, and it may not be installed from here. Run once: $remedy" >&2
exit 1
