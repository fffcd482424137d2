#!/usr/bin/env bash
# Prints the command of a Python that is new enough; says what to do where there is none.
set -euo pipefail
for candidate in ${PYTHON_COMMAND:-} python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        printf '%s\n' "$candidate"
        exit 0
    fi
done
echo "Whylight needs Python 3.11 or newer, and found none." >&2
echo "Debian 12 and Ubuntu 24.04 have one: sudo apt-get install -y python3 python3-venv" >&2
echo "One in another place: make serve PYTHON_COMMAND=/where/python3.11 is" >&2
exit 1
