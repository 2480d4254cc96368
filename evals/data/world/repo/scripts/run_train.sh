#!/usr/bin/env bash
# Submit a training job to the cluster.
set -euo pipefail

CONFIG="${1:-configs/train.yaml}"
GPUS="${GPUS:-32}"
QUEUE="${QUEUE:-norm}"
TAG="$(git rev-parse --short=10 HEAD)"

if ! git diff --quiet; then
  echo "working tree is dirty; commit first" >&2
  exit 3
fi

seq_no=$(kgr job next-seq inv-kawasemi-ft)
name="inv-kawasemi-ft-$(printf '%03d' "$seq_no")"

kgr job submit \
  --name "$name" \
  --queue "$QUEUE" \
  --gpus "$GPUS" \
  --image "registry.kagaribi.example/inv/kawasemi-train:${TAG}" \
  --label owner=team-invoice \
  --label cost-tag=inv-2025h1 \
  --grace 120 \
  -- --config "$CONFIG" --resume auto

echo "submitted $name"
