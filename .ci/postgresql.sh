#!/usr/bin/env bash
# Sees to it that tests of the store find PostgreSQL's programs; where it may not install them, says the one command to run.
# The tests start a cluster of their own in a temporary folder (app/torture/cluster.py) and leave the system's alone. Without
# the programs they run on SQLite only, and pytest's summary says so: this never ends the build.
set -euo pipefail
found() {
    # As app/torture/cluster.py looks for them; this may run before there is a Python.
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}
found && exit 0
echo "Installing PostgreSQL for the tests of the store."
if ! .ci/apt.sh postgresql >/dev/null || ! found; then
    echo "The store is tested on SQLite only: PostgreSQL may not be installed from here. Run once: sudo apt-get install -y postgresql" >&2
fi
