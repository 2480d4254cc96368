"""Documents of every kind, small enough to judge at sight; for parsing and chunking."""

from __future__ import annotations

import json

from ingest.fetch import RawDocument

MARKDOWN = """\
# Weather model

It predicts rain.

## Training

Run `train.py` first. It takes two hours.

```bash
python train.py --hours 10
```

### データ

測定値は一時間ごとです。

| column | meaning |
|---|---|
| `t` | temperature |
| `p` | pressure |

- one
- two
  with a second line

## Serving

> A quote.
"""
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {},
        "cells": [
            {
                "cell_type": "markdown",
                "metadata": {},
                "source": ["# 天気モデル\n", "\n", "雨を当てます。"],
            },
            {"cell_type": "markdown", "metadata": {}, "source": "## Build the container"},
            {
                "cell_type": "code",
                "metadata": {},
                "execution_count": 1,
                "source": ["!docker build -t rain .\n", "!docker push rain"],
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": "Successfully built 0a1b"}
                ],
            },
            {"cell_type": "raw", "metadata": {}, "source": "raw cell"},
            {"cell_type": "raw", "metadata": {}, "source": "another"},
            {"cell_type": "markdown", "metadata": {}, "source": "### 確かめる\n\n動くか見ます。"},
            {"cell_type": "markdown", "metadata": {}, "source": "## Clean up\n\nDelete it."},
        ],
    },
    ensure_ascii=False,
)
PYTHON = '''\
"""Train the rain model."""
import os

MODEL_DIR = "/opt/ml/model"


# Reads the measurements.
# 測定値を読む。
@cache
@timed(
    unit="s",
)
def read(path):
    return open(path).read()


class Model:
    def fit(self):
        return "\\d"


async def serve(): pass


if __name__ == "__main__":
    Model().fit()
'''
PYTHON_2 = 'import os\n\ndef main():\n    print "学習を始めます"\n\nmain()\n'
SHELL = """\
#!/bin/bash
set -e
# Builds the image.
build() {
  docker build -t "${name}" .
}

short() { echo "$1"; }

function push
{
  docker push "${name}"
}
build
push
"""
DOCKERFILE = """\
# The builder has compilers.
ARG PY=3.11
FROM --platform=linux/amd64 python:${PY} AS builder
RUN pip wheel mecab

from python:3.11-slim
RUN python - <<EOF
from mecab import Tagger
EOF
COPY --from=builder /wheels /wheels
"""
HTML = """\
<!DOCTYPE html>
<html lang="ja-JP">
<head><meta charset="utf-8"><title>雨のモデルを箱に詰める | 例のブログ</title>
<meta property="og:title" content="雨のモデルを箱に詰める | 例のブログ"></head>
<body>
<header id="aws-page-header"><nav><ul><li><a href="/products">製品一覧</a></li>
<li><a href="/pricing">料金表</a></li></ul></nav></header>
<div id="awsccc-cb" role="dialog"><h2>クッキーの設定</h2>
<p>当サイトはクッキーを使います。</p><button>同意する</button></div>
<main id="aws-page-content"><article class="blog-post" typeof="TechArticle">
<h1 class="blog-post-title lb-h2" property="name headline">雨のモデルを箱に詰める</h1>
<footer class="blog-post-meta">by <span property="author">山田 花子</span> on
<time property="datePublished" datetime="2022-01-24T10:00:00+09:00">24 1月 2022</time></footer>
<section class="blog-post-content lb-rtxt" property="articleBody">
<p>雨を当てるモデルを、<a href="https://h.example/c">コンテナ</a>に詰めて動かす道を三つ紹介します。
どの道にも良いところと手間のかかるところがあるので、順に見ていきましょう。</p>
<h2>配られた箱を広げる</h2>
<p>足りない部品だけを加えます。<code>requirements.txt</code> で済むなら箱は要りません。
それでは足りないときに、次のような短いファイルを書きます。</p>
<div class="hide-language">
<pre class="unlimited-height-code"><code class="lang-dockerfile">FROM python:3.11

# 部品を足す
RUN pip install mecab</code></pre></div>
<h3>気をつけること</h3>
<ul><li><a href="https://h.example/a">タグは固定する</a></li>
<li><a href="https://h.example/b">箱は小さく保つ</a></li></ul>
<div class="wp-caption"><img src="i.png" alt=""><p class="wp-caption-text">図1 箱の中身</p></div>
<h2>置き場所</h2>
<p>中の置き場所は次の表のとおりです。</p>
<table><tbody><tr><td>場所</td><td>中身</td></tr>
<tr><td>/opt/ml/input</td><td>測定値</td></tr><tr><td>/opt/ml/model</td><td>モデル</td></tr></tbody></table>
<ol><li><p>箱を作る。</p><pre><code>docker build -t rain .</code></pre></li><li>箱を送る。</li></ol>
</section></article>
<section id="Comments"><h2>コメント</h2><p>とても役に立ちました。匿名より。</p></section></main>
<aside class="blog-sidebar"><h3>関連記事</h3>
<ul><li><a href="/b">量子計算はじめの一歩</a></li></ul></aside>
<footer id="aws-page-footer"><ul><li><a href="/privacy">プライバシー</a></li></ul></footer>
</body></html>
"""


def pdf(*pages: str, title: str = "") -> bytes:
    """A PDF with one line a page, written by hand: UTF-16 codes and a map from codes to text."""
    contents = [
        f"BT /F1 12 Tf 72 720 Td <{page.encode('utf-16-be').hex()}> Tj ET" for page in pages
    ]
    codes = (
        "/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <0000> <FFFF> "
        "endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange endcmap end"
    )
    count = len(pages)
    kids = " ".join(f"{6 + 2 * number} 0 R" for number in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /ToUnicode 4 0 R "
        "/DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo "
        "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 >>] >>",
        f"<< /Length {len(codes)} >>\nstream\n{codes}\nendstream",
        f"<< /Title <FEFF{title.encode('utf-16-be').hex()}> >>",
    ]
    for number, content in enumerate(contents):
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {7 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    return (
        data
        + (
            f"xref\n0 {size}\n0000000000 65535 f \n{table}"
            f"trailer\n<< /Size {size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
        ).encode()
    )


def raw(kind: str, data: bytes | str, name: str = "document") -> RawDocument:
    return RawDocument(name, name, kind, data.encode() if isinstance(data, str) else data)


EVERY_KIND = (
    raw("markdown", MARKDOWN, "README.md"),
    raw("text", "一つ目の段落。\n\nThe second paragraph.\n", "memo.txt"),
    raw("notebook", NOTEBOOK, "rain.ipynb"),
    raw("python", PYTHON, "train.py"),
    raw("python", PYTHON_2, "old.py"),
    raw("shell", SHELL, "build_and_push.sh"),
    raw("dockerfile", DOCKERFILE, "Dockerfile"),
    raw("html", HTML, "https://blog.example/rain/"),
    raw("pdf", pdf("Rain tomorrow.", "明日は雨です。", title="雨の本"), "rain.pdf"),
)
