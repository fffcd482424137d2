#!/usr/bin/env bash
# Every check: `test.sh`, or only `test.sh lint`, `test.sh types`, `test.sh pytest …` (pytest in parallel, with its arguments),
# `test.sh coverage` (pytest with the gate over app/: tracing costs two thirds of its time again, so that it stands by itself).
# The quick ones run beside one another, and when one fails pytest is not begun; the types are checked beside pytest, which ends with
# the table of what each step took. What was found wrong is told last, or else pytest's summary is the last line.
set -euo pipefail
bin=.venv/bin
# Hundreds of processes begin here: what one has compiled the others need not compile again, whatever the environment says.
unset PYTHONDONTWRITEBYTECODE

# A folder for what tests write, in memory where there is plenty: the store waits until a disk has what it wrote, thousands of times
# in all tests together. It is gone in the end; pytest by itself keeps what failed.
scratch() {
    local folder=/dev/shm room
    room=$(df --output=avail -k "$folder" 2>/dev/null | tail -n 1)
    if [ -w "$folder" ] && [ "${room:-0}" -gt 6000000 ] && [ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -gt 10000000 ]; then
        mktemp -d "$folder/whylight-XXXXXX"
    else
        mktemp -d
    fi
}

work=$(scratch)
trap 'rm -rf "$work"' EXIT
steps=()

# begin NAME COMMAND…: a check that runs beside the others
begin() {
    local name=$1
    shift
    steps+=("$name")
    (
        started=$SECONDS
        if "$@" >"$work/$name.out" 2>&1; then echo ✓; else echo ✗; fi >"$work/$name.mark"
        echo "$((SECONDS - started))" >"$work/$name.seconds"
        printf '%s\t%s\n' "$name" "$((SECONDS - started))" >>"$work/steps"
    ) &
}

# What the checks that were begun said and took; fails where one of them did
finish() {
    local name mark seconds failed=0
    wait
    for name in "${steps[@]}"; do
        mark=$(<"$work/$name.mark") seconds=$(<"$work/$name.seconds")
        echo "$mark $name ($seconds s)"
        if [ "$mark" = ✗ ]; then
            failed=1
            cat "$work/$name.out" >&2
        fi
    done
    return $failed
}

lint() {
    begin "ruff check" "$bin/ruff" check --quiet
    begin "ruff format" "$bin/ruff" format --check --quiet
    begin "shell syntax" bash -n .ci/*.sh .ci/run
    begin "import-linter" "$bin/lint-imports" --no-logo
    begin "hadolint" "$bin/hadolint" Dockerfile
    begin "dclint" node_modules/.bin/dclint docker-compose.yml
    begin "eslint" node_modules/.bin/eslint --max-warnings 0 .
    begin "tsc" node_modules/.bin/tsc --project .
    begin "circles" node .ci/circles.mjs
    begin "node tests" node --test tests/js/*.test.js
}

types() {
    begin "mypy" "$bin/mypy"
}

# Browser tests wait half of their time, so there are three processes to two cores (more would only crowd each other out of the
# caches): eight at most, and one per 3 GB of memory, because each has servers, a browser and PyTorch in it. A file stays in one
# process: its tests share what it put on a server.
processes() {
    local cores memory many
    cores=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 3000000) }' /proc/meminfo 2>/dev/null || echo 1)
    many=$(((3 * cores + 1) / 2))
    many=$((many < memory ? many : memory))
    many=$((many < 8 ? many : 8))
    echo $((many > 1 ? many : 1))
}

tests() {
    chmod 711 "$work"
    mkdir -m 1777 "$work/tmp"
    TMPDIR=$work/tmp "$bin/python" -m pytest -p tests.steps --steps="$work/steps" -n "$(processes)" \
        --dist loadfile --no-loadscope-reorder "$@"
}

case "${1:-all}" in
    lint) lint && finish ;;
    types) types && finish ;;
    pytest)
        shift
        tests "$@"
        ;;
    coverage)
        shift
        tests --cov --cov-report=term "$@"
        ;;
    all)
        lint
        finish
        steps=()
        types # as long as pytest's first minute, beside it
        failed=0
        tests --durations=15 || failed=$?
        finish >/dev/null || failed=1
        exit $failed
        ;;
esac
