#!/usr/bin/env bash
# Every check, the quick ones first, each with the time it took: `test.sh`, or only `test.sh lint`, `test.sh types`.
# The first failure ends the run. pytest comes last, so that its summary is the last line.
set -euo pipefail
bin=.venv/bin

step() {
    local name=$1 started=$SECONDS
    shift
    "$@" || {
        echo "✗ $name failed after $((SECONDS - started)) s: $*" >&2
        exit 1
    }
    echo "✓ $name ($((SECONDS - started)) s)"
}

lint() {
    step "ruff check" "$bin/ruff" check --quiet
    step "ruff format" "$bin/ruff" format --check --quiet
    step "shell syntax" bash -n .ci/*.sh .ci/run
    step "import-linter" "$bin/lint-imports" --no-logo
    step "hadolint" "$bin/hadolint" Dockerfile
    step "dclint" node_modules/.bin/dclint docker-compose.yml
}

types() {
    step "mypy" "$bin/mypy"
}

case "${1:-all}" in
    lint) lint ;;
    types) types ;;
    all)
        lint
        types
        exec "$bin/python" -m pytest --cov --cov-report=term --durations=15
        ;;
esac
