#!/bin/sh
# Installs torch before the rest, so that nobody gets a CUDA build of several GB by surprise.
#
# TORCH=cuda or cpu decides; empty: cuda where nvidia-smi finds a GPU. PyTorch's own index holds the
# CPU build; where it cannot be reached within seconds, the configured index gives what it has.
set -eu
PIP=${PIP:-".venv/bin/python -m pip install --quiet --disable-pip-version-check"}
CPU_INDEX=${CPU_INDEX:-https://download.pytorch.org/whl/cpu}
torch=$(sed -n 's/^\(torch==[^ ;]*\).*/\1/p' requirements.txt)
kind=${TORCH:-}
if [ -z "$kind" ]; then
  if [ "$(uname -s)" != Linux ]; then
    exit 0 # elsewhere the ordinary wheel has no CUDA
  elif command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q GPU; then
    kind=cuda
  else
    kind=cpu
  fi
fi
if [ "$kind" = cuda ]; then
  echo "torch: the build of the configured index (CUDA)."
elif $PIP --timeout 5 --retries 0 --no-deps --index-url "$CPU_INDEX" "$torch" 2>/dev/null; then
  echo "torch: the CPU build of $CPU_INDEX."
  exit 0
else
  echo "torch: $CPU_INDEX gave no CPU build; taking what the configured index has."
fi
$PIP "$torch"
