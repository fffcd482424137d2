#!/usr/bin/env bash
# Puts the scripts and the styles of every page into one file each under static/built (docs/decisions/0012-bundles.md).
# .sources says what they were made of, so that a server can tell when they are not of its own scripts.
set -euo pipefail
rm -rf static/built
node_modules/.bin/esbuild static/js/case.js static/js/networks.js static/js/worklist.js static/js/upload.js \
    static/css/bundles/*.css --bundle --minify --charset=utf8 '--external:*.ttf' --format=esm --target=es2022 --sourcemap \
    --entry-names=[name] --outdir=static/built --log-level=warning
find static/js static/css -type f | LC_ALL=C sort | xargs cat | sha256sum | cut -d' ' -f1 > static/built/.sources
