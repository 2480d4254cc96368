"""Pasted files for the tests of the review: each faulty one has one fault, each sound one none.

Written as people send them: fenced or not, in Japanese or English, with few words around.
"""

# ruff: noqa: E501 lines stay as people paste them
from __future__ import annotations

from typing import NamedTuple


class Faulty(NamedTuple):
    """A message, the check that has to fire first, and the line that it has to name."""

    message: str
    check: str
    line: str


FAULTY = {
    "cmd-train": Faulty(
        """学習ジョブがすぐ落ちます。見てください。
FROM python:3.10
WORKDIR /app
COPY requirements.txt fit.py ./
RUN pip install -r requirements.txt
CMD python fit.py --epochs 3""",
        "cmd-replaced-training",
        "CMD python fit.py --epochs 3",
    ),
    "cmd-multi-stage": Faulty(
        """My endpoint fails, here is the file:

```
# syntax=docker/dockerfile:1
FROM golang:1.22 AS build
WORKDIR /src
COPY . .
RUN go build -o /out/server ./cmd/server

FROM debian:bookworm-slim
COPY --from=build /out/server /usr/local/bin/server
CMD ["/usr/local/bin/server", \\
     "--listen", "0.0.0.0:8080"]
```""",
        "cmd-replaced-inference",
        'CMD ["/usr/local/bin/server", \\',
    ),
    "nothing-starts": Faulty(
        """exec: "serve": executable file not found と出ます（推論エンドポイント）

FROM python:3.11-slim
RUN pip install --no-cache-dir flask gunicorn
COPY app.py wsgi.py /srv/
WORKDIR /srv""",
        "no-serve",
        "FROM python:3.11-slim",
    ),
    "shell-entrypoint": Faulty(
        """Spot interruption kills our training without saving anything. Why?

from nvcr.io/nvidia/pytorch:24.05-py3
copy . /work
workdir /work
entrypoint python -u train_llm.py""",
        "entrypoint-shell-training",
        "entrypoint python -u train_llm.py",
    ),
    "single-quotes": Faulty(
        """学習用です。ENTRYPOINT がうまく動きません
```dockerfile
FROM python:3.10-bookworm
COPY main.py /opt/program/main.py
ENTRYPOINT ['python', '/opt/program/main.py']
```""",
        "exec-quotes",
        "ENTRYPOINT ['python', '/opt/program/main.py']",
    ),
    "tini": Faulty(
        """training image, dies at once:
FROM python:3.10
RUN apt-get update && apt-get install -y tini
COPY main.py /opt/program/
ENTRYPOINT ["/usr/bin/tini", "--", "python", "/opt/program/main.py"]""",
        "tini-training",
        'ENTRYPOINT ["/usr/bin/tini", "--", "python", "/opt/program/main.py"]',
    ),
    "uvicorn-entrypoint": Faulty(
        """エンドポイントが InService になりません
```
FROM python:3.11
RUN pip install fastapi uvicorn
COPY api /srv/api
WORKDIR /srv
ENTRYPOINT ["uvicorn", "api.main:app", "--host", "0.0.0.0", "--port", "8080"]
```""",
        "server-refuses-word",
        'ENTRYPOINT ["uvicorn", "api.main:app", "--host", "0.0.0.0", "--port", "8080"]',
    ),
    "script-in-cmd": Faulty(
        """Is this fine for a training job?
FROM python:3.10
COPY fit.py /opt/program/fit.py
WORKDIR /opt/program
ENTRYPOINT ["python"]
CMD ["fit.py"]""",
        "script-in-cmd-training",
        'ENTRYPOINT ["python"]',
    ),
    "over-toolkit": Faulty(
        """SM_HPS が空です。学習ジョブの Dockerfile はこれです。
```
FROM python:3.10
RUN pip install sagemaker-training==5.1.0
COPY train.py /opt/ml/code/train.py
ENV SAGEMAKER_PROGRAM=train.py
ENTRYPOINT ["python", "/opt/ml/code/train.py"]
```""",
        "entrypoint-over-toolkit",
        'ENTRYPOINT ["python", "/opt/ml/code/train.py"]',
    ),
    "port": Faulty(
        """ping health check に落ちる推論コンテナです
FROM python:3.11
RUN pip install flask gunicorn
COPY app.py /srv/
WORKDIR /srv
ENTRYPOINT ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]""",
        "port",
        'ENTRYPOINT ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]',
    ),
    "loopback": Faulty(
        """works on my laptop, endpoint never healthy
```dockerfile
FROM python:3.11
RUN pip install flask gunicorn
COPY app.py /srv/
WORKDIR /srv
ENTRYPOINT ["gunicorn", "--bind", "127.0.0.1:8080", "app:app"]
```""",
        "loopback",
        'ENTRYPOINT ["gunicorn", "--bind", "127.0.0.1:8080", "app:app"]',
    ),
    "flask-code": Faulty(
        """推論コンテナのコードです。ping が通りません。

from flask import Flask, request, jsonify
app = Flask(__name__)

@app.route("/ping")
def ping():
    return "", 200

@app.route("/invocations", methods=["POST"])
def invocations():
    return jsonify(predict(request.get_json()))

if __name__ == "__main__":
    app.run(port=8080)""",
        "code-no-host",
        "    app.run(port=8080)",
    ),
    "no-ping": Faulty(
        """CreateEndpoint times out with this server:
```python
from fastapi import FastAPI, Request
import uvicorn

app = FastAPI()

@app.post("/invocations")
async def invocations(request: Request):
    return {"y": 1}

uvicorn.run(app, host="0.0.0.0", port=8080)
```""",
        "code-no-ping",
        '@app.post("/invocations")',
    ),
    "post": Faulty(
        """invoke_endpoint が 405 です
```python
from flask import Flask
app = Flask(__name__)

@app.route("/ping", methods=["GET"])
def ping():
    return "ok"

@app.route("/invocations")
def invoke():
    return "1"
```""",
        "code-post",
        '@app.route("/invocations")',
    ),
    "below-opt-ml": Faulty(
        """学習で辞書ファイルが見つかりません
FROM python:3.10
WORKDIR /opt/ml
COPY dict/user.dic input/dict/
COPY main.py /opt/program/main.py
ENTRYPOINT ["python", "/opt/program/main.py"]""",
        "below-opt-ml",
        "COPY dict/user.dic input/dict/",
    ),
    "user": Faulty(
        """permission problems on the endpoint
```dockerfile
FROM python:3.11
RUN pip install flask gunicorn && useradd -m app
COPY --chmod=755 serve /usr/local/bin/serve
COPY app.py /srv/
USER app
```""",
        "user-inference",
        "USER app",
    ),
    "driver": Faulty(
        """NVML がおかしいです
FROM ubuntu:22.04
RUN apt-get update \\
 && apt-get install -y --no-install-recommends \\
      python3-pip \\
      libnvidia-compute-550 \\
 && rm -rf /var/lib/apt/lists/*
COPY main.py /opt/program/main.py
ENTRYPOINT ["python3", "/opt/program/main.py"]""",
        "nvidia-driver",
        "      libnvidia-compute-550 \\",
    ),
    "apt": Faulty(
        """docker build: apt: command not found
```
FROM public.ecr.aws/amazonlinux/amazonlinux:2023
RUN dnf install -y python3.11
RUN apt install -y ffmpeg
COPY main.py /opt/program/main.py
ENTRYPOINT ["python3.11", "/opt/program/main.py"]
```""",
        "apt-on-amazon-linux",
        "RUN apt install -y ffmpeg",
    ),
    "yum": Faulty(
        """ビルドに失敗します
FROM 763104351884.dkr.ecr.us-west-2.amazonaws.com/pytorch-training:2.5.1-gpu-py311-cu124-ubuntu22.04-sagemaker
RUN yum install -y git-lfs""",
        "dnf-on-ubuntu",
        "RUN yum install -y git-lfs",
    ),
    "ec2-image": Faulty(
        """exec: "train": executable file not found in $PATH
```
FROM 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311-cu124-ubuntu22.04-ec2
RUN pip install lightning==2.4.0
```""",
        "not-for-sagemaker",
        "FROM 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311-cu124-ubuntu22.04-ec2",
    ),
    "training-image": Faulty(
        """デプロイしたいのに serve が見つからない
FROM 763104351884.dkr.ecr.ap-northeast-1.amazonaws.com/pytorch-training:2.4.0-cpu-py311-ubuntu22.04-sagemaker
RUN pip install sentencepiece""",
        "training-image-for-serving",
        "FROM 763104351884.dkr.ecr.ap-northeast-1.amazonaws.com/pytorch-training:2.4.0-cpu-py311-ubuntu22.04-sagemaker",
    ),
    "osaka": Faulty(
        """大阪で pull できません
```
FROM 763104351884.dkr.ecr.ap-northeast-3.amazonaws.com/pytorch-training:2.4.0-cpu-py311-ubuntu22.04-sagemaker
RUN pip install sentencepiece
```""",
        "account-region",
        "FROM 763104351884.dkr.ecr.ap-northeast-3.amazonaws.com/pytorch-training:2.4.0-cpu-py311-ubuntu22.04-sagemaker",
    ),
    "toolkit-python": Faulty(
        """Is this Dockerfile ok for training?
FROM python:3.13
RUN pip install sagemaker-training
COPY train.py /opt/ml/code/train.py
ENV SAGEMAKER_PROGRAM train.py""",
        "python-training",
        "FROM python:3.13",
    ),
    "no-server": Faulty(
        """推論イメージです。サーバーが無いと言われます
FROM python:3.10
RUN apt-get update && apt-get install -y openjdk-17-jre-headless
RUN pip install sagemaker-inference
COPY handler.py entry.py /opt/program/
ENTRYPOINT ["python", "/opt/program/entry.py"]""",
        "no-model-server",
        "RUN pip install sagemaker-inference",
    ),
    "secret": Faulty(
        """レビューお願いします（学習用）
FROM python:3.10
ENV WANDB_API_KEY=0123456789abcdef
COPY main.py /opt/program/main.py
ENTRYPOINT ["python", "/opt/program/main.py"]""",
        "secret",
        "ENV WANDB_API_KEY=0123456789abcdef",
    ),
    "failure-path": Faulty(
        """Why is FailureReason empty?
```python
import sys, traceback

def main():
    train()

try:
    main()
except Exception as error:
    with open("/opt/ml/failure", "w") as file:
        file.write(str(error))
    sys.exit(1)
```""",
        "failure-path",
        '    with open("/opt/ml/failure", "w") as file:',
    ),
    "get-login": Faulty(
        """手順どおりなのにログインできない
```bash
$(aws ecr get-login --no-include-email --region ap-northeast-1)
docker build -t churn .
docker push 111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/churn:1
```""",
        "get-login",
        "$(aws ecr get-login --no-include-email --region ap-northeast-1)",
    ),
    "conda-python": Faulty(
        """学習で落ちます
FROM continuumio/miniconda3:24.1.2-0
RUN conda install -y python=3.12 && pip install sagemaker-training
COPY train.py /opt/ml/code/
ENV SAGEMAKER_PROGRAM=train.py""",
        "python-training",
        "FROM continuumio/miniconda3:24.1.2-0",
    ),
    "nginx": Faulty(
        """推論の nginx.conf です。ping が通りません
```nginx
server {
  listen 80;
  location / { proxy_pass http://unix:/tmp/gunicorn.sock; }
}
```""",
        "nginx-port",
        "  listen 80;",
    ),
    "socket-address": Faulty(
        """endpoint never gets healthy
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
HTTPServer(("localhost", 8080), Handler).serve_forever()""",
        "code-address",
        'HTTPServer(("localhost", 8080), Handler).serve_forever()',
    ),
    "cmd-over-train": Faulty(
        """学習コードが動かない
FROM 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1.0-gpu-py310-cu121-ubuntu20.04-sagemaker
COPY train.py /opt/program/train.py
CMD ["python", "/opt/program/train.py"]""",
        "cmd-over-train",
        'CMD ["python", "/opt/program/train.py"]',
    ),
    "host-name": Faulty(
        """2ノードの学習が hang します
import os
import torch.distributed as dist
os.environ["MASTER_ADDR"] = "algo-1"
dist.init_process_group("nccl")""",
        "host-name",
        'os.environ["MASTER_ADDR"] = "algo-1"',
    ),
    "arm-laptop": Faulty(
        """training job on my M2 mac image: exec format error
```
docker build -t fit:1 .
docker push 111122223333.dkr.ecr.us-east-1.amazonaws.com/fit:1
```""",
        "platform",
        "docker build -t fit:1 .",
    ),
    "old-account": Faulty(
        """これ使えますか
FROM 520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-pytorch:0.4.0-cpu-py3
RUN pip install pandas""",
        "legacy-account",
        "FROM 520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-pytorch:0.4.0-cpu-py3",
    ),
}

SOUND = {
    "training-1": """FROM 763104351884.dkr.ecr.ap-northeast-1.amazonaws.com/pytorch-training:2.5.1-gpu-py311-cu124-ubuntu22.04-sagemaker
RUN apt-get update && apt-get install -y --no-install-recommends mecab libmecab-dev \\
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir mecab-python3==1.0.8""",
    "training-1-amazon-linux": """# 学習用
FROM 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker
RUN dnf install -y ffmpeg-free && dnf clean all
RUN pip install transformers""",
    "training-2": """FROM python:3.10-slim
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
RUN pip install --no-cache-dir sagemaker-training==5.1.0 scikit-learn==1.5.0
COPY train.py /opt/ml/code/train.py
ENV SAGEMAKER_PROGRAM=train.py""",
    "training-2-staged": """FROM python:3.10 AS wheels
RUN pip wheel --wheel-dir /wheels sagemaker-training
FROM python:3.10-slim
COPY --from=wheels /wheels /wheels
RUN pip install --no-index --find-links /wheels sagemaker-training
COPY src/ /opt/ml/code/
ENV SAGEMAKER_PROGRAM main.py""",
    "training-2-company": """FROM registry.example.com/ml/base:2024.10
RUN pip install sagemaker-training==5.1.0
ENTRYPOINT []""",
    "training-3": """FROM ubuntu:22.04
RUN apt-get update && apt-get install -y python3 python3-pip && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /tmp/
RUN pip3 install -r /tmp/requirements.txt
COPY src/ /opt/program/
WORKDIR /opt/program
ENTRYPOINT ["python3", "main.py"]""",
    "training-3-train-file": """FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04
RUN apt-get update && apt-get install -y python3-pip
COPY train /usr/local/bin/train
RUN chmod +x /usr/local/bin/train""",
    "both-scikit": """FROM ubuntu:20.04
RUN apt-get -y update && apt-get install -y --no-install-recommends python3-pip nginx ca-certificates
RUN pip3 install numpy scikit-learn flask gunicorn
ENV PYTHONUNBUFFERED=TRUE PYTHONDONTWRITEBYTECODE=TRUE
ENV PATH="/opt/program:${PATH}"
COPY decision_trees /opt/program
WORKDIR /opt/program""",
    "inference-1": """FROM 763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface-pytorch-inference:2.6.0-transformers4.51.3-gpu-py312-cu124-ubuntu22.04
RUN pip install --no-cache-dir fugashi""",
    "inference-2": """FROM python:3.10
RUN apt-get update && apt-get install -y openjdk-17-jre-headless
RUN pip install multi-model-server sagemaker-inference "setuptools<81"
COPY entrypoint.py handler.py /opt/program/
ENTRYPOINT ["python", "/opt/program/entrypoint.py"]
CMD ["serve"]""",
    "inference-3-gunicorn": """FROM python:3.11-slim
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY app.py /srv/app.py
WORKDIR /srv
EXPOSE 8080
ENTRYPOINT ["gunicorn", "-b", "0.0.0.0:8080", "app:app"]""",
    "inference-3-serve": """FROM python:3.11-slim
RUN pip install fastapi uvicorn
COPY server.py /opt/program/
WORKDIR /opt/program
RUN printf '#!/bin/sh\\nexec uvicorn server:app --host 0.0.0.0 --port 8080\\n' > /usr/local/bin/serve \\
    && chmod +x /usr/local/bin/serve""",
    "inference-3-script": """FROM python:3.11
COPY --chmod=755 entry.sh /entry.sh
COPY app /app
WORKDIR /app
ENTRYPOINT ["/entry.sh"]""",
    "inference-nginx": """FROM python:3.11-slim
RUN apt-get update && apt-get install -y nginx
RUN pip install gunicorn flask
COPY nginx.conf /etc/nginx/nginx.conf
COPY serve wsgi.py /opt/program/
RUN chmod +x /opt/program/serve
ENV PATH=/opt/program:$PATH
WORKDIR /opt/program""",
    "here-document": """# syntax=docker/dockerfile:1.7
FROM amazonlinux:2023
RUN <<EOF
dnf install -y python3.11 python3.11-pip
dnf clean all
EOF
COPY main.py /opt/program/main.py
ENTRYPOINT ["python3.11", "/opt/program/main.py"]""",
    "escape": """# escape=`
FROM python:3.10
RUN pip install `
    numpy==1.26.4 `
    # the tokenizer
    sentencepiece==0.2.0
COPY main.py /opt/program/
ENTRYPOINT ["python", "/opt/program/main.py"]""",
    "arguments": """ARG PYTHON=3.10
ARG REGISTRY=public.ecr.aws/docker/library
FROM ${REGISTRY}/python:${PYTHON}-bookworm
ARG GIT_SHA
ENV GIT_SHA=$GIT_SHA TOKENIZERS_PARALLELISM=false MAX_TOKENS=512
COPY . /opt/program
ENTRYPOINT ["python", "/opt/program/main.py"]""",
    "secret-mount": """FROM python:3.10
RUN --mount=type=secret,id=pip_token PIP_TOKEN=$(cat /run/secrets/pip_token) pip install ourlib
COPY main.py /opt/program/main.py
ENTRYPOINT ["python", "/opt/program/main.py"]""",
    "graviton": """Graviton のエンドポイント用です。
FROM --platform=linux/arm64 python:3.11
RUN pip install gunicorn flask
COPY app.py /srv/
WORKDIR /srv
ENTRYPOINT ["gunicorn", "-b", "0.0.0.0:8080", "app:app"]""",
    "cuda-toolkit": """FROM ubuntu:22.04
RUN apt-get update && apt-get install -y cuda-toolkit-12-4 libcudnn9-cuda-12 python3
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY main.py /opt/program/main.py
ENTRYPOINT ["python3", "/opt/program/main.py"]""",
    "root-again": """FROM python:3.10
RUN useradd build
USER build
RUN echo hello
USER root
COPY main.py /opt/program/main.py
ENTRYPOINT ["python", "/opt/program/main.py"]""",
    "onbuild": """FROM python:3.10
ONBUILD COPY . /opt/ml/model
ONBUILD USER nobody
COPY main.py /opt/program/main.py
ENTRYPOINT ["python", "/opt/program/main.py"]""",
    "own-account": """FROM 111122223333.dkr.ecr.ap-northeast-3.amazonaws.com/pytorch-training:2.4-team
RUN pip install lightning
ENV SAGEMAKER_PROGRAM=train.py
COPY train.py /opt/ml/code/""",
    "flask-code": """```python
import os
from flask import Flask, request
app = Flask(__name__)

@app.get("/ping")
def ping():
    return "", 200

@app.post("/invocations")
def invocations():
    return predict(request.data)

app.run(host="0.0.0.0", port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", 8080)))
```""",
    "fastapi-code": """推論サーバーです
```python
from fastapi import FastAPI, Request, Response
app = FastAPI()

@app.get("/ping")
def ping() -> Response:
    return Response(status_code=200)

@app.post("/invocations")
async def invocations(request: Request):
    return await predict(request)
```""",
    "training-code": """```python
import json, os, sys
def main():
    with open("/opt/ml/input/config/hyperparameters.json") as f:
        hp = json.load(f)
    model = fit(**hp)
    model.save(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
try:
    main()
except Exception as e:
    open("/opt/ml/output/failure", "w").write(repr(e))
    sys.exit(1)
```""",
    "push": """```bash
aws ecr get-login-password --region ap-northeast-1 | docker login --username AWS --password-stdin $host
docker buildx build --platform linux/amd64 --provenance=false --output type=docker -t $host/churn:1 .
docker push $host/churn:1
```""",
}
