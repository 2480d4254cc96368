"""The words of `python -m kb`.

Takes nothing, gives the parser. Each command names the module that runs it, so that a command
loads only what it needs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kb.records import LANGUAGES, SIDES


def parser(description: str | None = None) -> argparse.ArgumentParser:
    """The commands; `module` and `function` of the result name what runs."""
    words = argparse.ArgumentParser(prog="python -m kb", description=description)
    words.set_defaults(function="run")
    commands = words.add_subparsers(metavar="COMMAND", required=True)
    ask = commands.add_parser("ask", help="answer a question")
    ask.add_argument("question", nargs="?", help="the question, in Japanese or English")
    how = ask.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="the answer as one JSON object")
    how.add_argument("--jsonl", action="store_true", help="one question a line on standard input")
    ask.set_defaults(module="cli.ask", usage=ask)
    source = commands.add_parser("source", help="print a document exactly as stored")
    source.add_argument("document", help="as named in a citation")
    source.set_defaults(module="cli.source")
    review = commands.add_parser("review", help="check a Dockerfile, a log or a piece of code")
    review.add_argument("file", help="a file, or - for standard input")
    review.add_argument("--json", action="store_true", help="the review as one JSON object")
    review.add_argument("--language", choices=LANGUAGES, help="that of the text or the terminal")
    review.add_argument("--side", choices=SIDES, help="what the file is for")
    review.set_defaults(module="cli.review")
    image = commands.add_parser("image", help="the URI of an AWS base image, and how to pull it")
    image.add_argument("framework", nargs="?", default="", help="such as pytorch, sklearn, tf")
    image.add_argument("version", nargs="?", default="", help="the newest one when left out")
    image.add_argument("--region", default="", help="code or name; AWS_REGION when left out")
    image.add_argument("--scope", default="", help="training or inference")
    image.add_argument("--instance", default="", help="such as ml.g5.xlarge, g5, cpu, graviton")
    image.add_argument("--python", default="", help="such as 3.12")
    image.add_argument("--base", default="", help="below Hugging Face, such as pytorch2.6")
    how = image.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="the image as one JSON object")
    how.add_argument("--list", action="store_true", help="frameworks, or versions of one")
    image.set_defaults(module="cli.image", usage=image)
    golden = Path("evals/data/golden.yaml")
    evaluation = commands.add_parser("eval", help="ask the golden questions and judge the answers")
    evaluation.add_argument("--golden", type=Path, default=golden, metavar="FILE")
    evaluation.add_argument(
        "--baseline", type=Path, default=golden.with_name("baseline.json"), metavar="FILE"
    )
    evaluation.add_argument("--accept", action="store_true", help="make the outcome the baseline")
    evaluation.add_argument(
        "--report", type=Path, default=Path("data/eval/report.html"), metavar="FILE"
    )
    evaluation.add_argument("--split", choices=("all", "tune", "test"), default="all")
    evaluation.set_defaults(module="cli.evaluate")
    feedback = commands.add_parser("feedback", help="export questions, answers and votes")
    feedback.add_argument(
        "--format",
        choices=("csv", "jsonl", "usage"),
        default="jsonl",
        help="usage: tokens and calls of chat models, summed by day",
    )
    feedback.set_defaults(module="cli.feedback")
    gaps = commands.add_parser("gaps", help="questions without a good answer, grouped by meaning")
    shape = gaps.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="all gaps as one JSON object")
    shape.add_argument("--note", metavar="ID", help="the beginning of a note that closes this gap")
    gaps.set_defaults(module="cli.gaps")
    forget = commands.add_parser("forget", help="delete all that is stored of a person")
    forget.add_argument("person", help="the id, as in the export")
    forget.set_defaults(module="cli.feedback", function="run_forget")
    return words
