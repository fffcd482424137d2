#!/usr/bin/env bash
# Fills .venv with the pinned packages: `install.sh product` to serve, `install.sh development` to test as well.
# The last lines write a stamp, so that make calls this again only when a requirement or a pin has changed.
set -euo pipefail
what=$1
venv=.venv
requirements=requirements.txt
[ "$what" = development ] && requirements=requirements-dev.txt

create() {
    local python
    python=$(.ci/python.sh)
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -m venv "$venv"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        # Debian without python3-venv, but with pip: pip can fill an environment from outside.
        "$python" -m venv --without-pip "$venv"
        "$python" -m pip --python "$venv/bin/python" install --quiet pip
    elif .ci/apt.sh python3-venv; then
        "$python" -m venv "$venv"
    else
        echo "Python's venv module is missing. Run once, then again what you ran: sudo apt-get install -y python3-venv" >&2
        exit 1
    fi
}

[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || { rm -rf "$venv"; create; }

# Python compiles what is imported when it is first imported: a tenth of what would be compiled here, in half of the time that this takes.
options=(--disable-pip-version-check --no-input --quiet --no-compile --constraint constraints.txt)
if [ -n "${TORCH_INDEX:-}" ]; then
    options+=(--extra-index-url "$TORCH_INDEX")
fi
started=$SECONDS
echo "Installing pinned Python packages ($what). The first time takes minutes: PyTorch is large."
"$venv/bin/python" -m pip install "${options[@]}" --requirement "$requirements"
if [ "$what" = development ]; then
    # Second opinions for tests of the explainers; without what they would bring, because that would undo docs/decisions/0003-torch.md.
    "$venv/bin/python" -m pip install "${options[@]}" --no-deps --requirement requirements-oracles.txt
fi
echo "Python packages are in place ($((SECONDS - started)) s)."

if command -v nvidia-smi >/dev/null && ! "$venv/bin/python" -c 'import sys, torch; sys.exit(torch.version.cuda is None)'; then
    echo "There is an NVIDIA GPU, but this PyTorch is a CPU build: docs/decisions/0003-torch.md says how to change that."
fi

touch "$venv/.product"
if [ "$what" = development ]; then
    touch "$venv/.development"
fi
