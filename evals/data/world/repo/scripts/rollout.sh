#!/usr/bin/env bash
# Roll a new serving image out, step by step, and stop when errors rise.
set -euo pipefail

VERSION="${1:?usage: rollout.sh <version>}"
STEPS=(5 20 50 100)
HOLD_SECONDS="${HOLD_SECONDS:-900}"
MAX_ERR="0.015"

error_rate() {
  kgr metrics value kawasemi_error_rate --since 5m
}

abort() {
  echo "error rate $1 over ${MAX_ERR}, rolling back" >&2
  kgr model rollback kawasemi --to previous --wait
  exit 9
}

for pct in "${STEPS[@]}"; do
  kgr canary set kawasemi --version "$VERSION" --percent "$pct"
  sleep "$HOLD_SECONDS"
  rate="$(error_rate)"
  if awk "BEGIN{exit !($rate > $MAX_ERR)}"; then
    abort "$rate"
  fi
done
echo "rollout of $VERSION complete"
