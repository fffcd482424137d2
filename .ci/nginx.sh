#!/usr/bin/env bash
# Sees to it that tests find nginx's program, for what is served behind a proxy; where it may not be had, says the one command to run.
# The package is only unpacked into .nginx, never installed: installed, it would serve a page of its own on port 80 at once. Tests start
# it on a port of their own (tests/browser/proxy.py). Without it they are skipped, and pytest's summary says so: this never ends the build.
set -euo pipefail
found() {
    command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || [ -x .nginx/nginx ]
}
found && exit 0

# fetch PACKAGE: its program, out of Debian's package; nobody has to be root for that where the lists are there
fetch() {
    local folder
    folder=$(mktemp -d)
    if (cd "$folder" && { apt-get download -q "$1" || { [ "$(id -u)" = 0 ] && apt-get update -q && apt-get download -q "$1"; }; }) >/dev/null 2>&1 \
        && dpkg-deb --extract "$folder"/*.deb "$folder/unpacked" && "$folder/unpacked/usr/sbin/nginx" -v 2>/dev/null; then
        mkdir -p .nginx
        cp "$folder/unpacked/usr/sbin/nginx" .nginx/nginx
    fi
    rm -rf "$folder"
}

if command -v apt-get >/dev/null; then
    echo "Fetching nginx for the tests behind a proxy."
    # Ubuntu's package “nginx” has no program in it.
    for package in nginx nginx-core nginx-light; do
        found || fetch "$package"
    done
fi
found || echo "What is served behind a proxy is not tested: nginx may not be fetched from here. Run once: sudo apt-get install -y nginx" >&2
