"""Shapes: what one line of a message looks like, judged by its structure.

Takes a line, gives the kind of text that it would belong to, or none where it could be prose. Knows
nothing about the lines around it (kb.reading.parts joins them). Every pattern looks at the first
`LONGEST` characters of a line, so that one line of a megabyte costs no more than a short one.
"""

from __future__ import annotations

import re

LONGEST = 600
"""Characters of a line that are looked at: the shape of a line shows at its beginning."""

INSTRUCTIONS = frozenset(
    "FROM RUN CMD LABEL MAINTAINER EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD"
    " STOPSIGNAL HEALTHCHECK SHELL".split()
)
"""https://docs.docker.com/reference/dockerfile/"""
_COMMANDS = frozenset(
    "aws apt apt-get bash cat cd chmod conda curl dnf docker docker-compose export git helm kubectl"
    " ls make mkdir mv nvidia-smi pip pip3 poetry python python3 sh sudo tar terraform torchrun uv"
    " wget yum".split()
)

_CONTAINER = re.compile(
    r"^(?:\[?[\w.-]*algo-\d[\w-]*\]?(?:\s*\|)?\s|\[\d+,\w+\]<std\w+>:\s?|[\w.-]+-\d[\w-]*\s*\| )"
)
"""What runs several containers or ranks puts before each line."""
STAMP = re.compile(
    r"[\[(]?(?P<stamp>\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)"
    r"(?:Z|[+-]\d\d:?\d\d)?[\])]?"
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)?,?\s?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"\s+\d{1,2}\s+\d\d:\d\d:\d\d"
    r"|[IWEF]\d{4} \d\d:\d\d:\d\d(?:\.\d+)?|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?"
    r"|\[\s*\d+\.\d{3,}\]|\d{13}\b"
)
_LEVEL_FIRST = re.compile(
    r"\[?(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|SEVERE|TRACE"
    r"|[Ee]rror|[Ff]atal|[Ww]arning|denied|unauthorized)\]?\s*[:|\]-]\s*\S"
    r"|\[(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\]"
    r"|(?:INFO|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\s{1,8}\S"
)
_BUILD = re.compile(
    r"#\d+\s+(?:\d+\.\d+|\[|DONE|CACHED|ERROR|exporting|sha256:)|Step \d+/\d+ :|\s*---> "
    r"|[0-9a-f]{12}: (?:Preparing|Waiting|Push(?:ed|ing)|Layer already|Mounted|Pull|Download|Verif)"
    r"|The push refers to repository \["
    r"|\s?=> (?:\[|=> |ERROR|CACHED|CANCELED|exporting|resolve|transferring)"
    r"| ?> \[.{1,60}\]|------$|\s*\d+ \| (?:>>> )?"
)
"""What `docker build`, `docker push` and `docker pull` print."""
_PAIRS = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*[=:] ?-?\d[\w.%/]*")
_REPORT = re.compile(r"(?:[A-Z][a-z]+[A-Z]\w* (?:\d+\s*$|[\"'])|[A-Z][a-z]+ \"/)")
"""`ExitCode 1`, `ErrorMessage "…"`, `Command "/usr/bin/python …"`: what the toolkits print."""
_VALUES = 0.4
"""Share of a line that values such as `loss=2.31` take where they alone make it a log."""
_FROM_SOURCE = re.compile(r"[\w./-]+\.(?:go|cc?|cpp|rs):\d+: \S")
"""`standard_init_linux.go:228: …`: a program that names the place in its own source."""
_FAILURE_REASON = re.compile(r"""["']?Failure ?Reason["']?\s*[:=：]""", re.IGNORECASE)
EXCEPTION = re.compile(
    r"(?<![\w.])(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Z]\w{0,80}?"
    r"(?:Error|Exception|Interrupt|Exit|Timeout|Fault|Expired)(?=:|\s*$|\s*\()"
)
"""`botocore.exceptions.ClientError: …`, by the convention of Python and Java for names."""
TRACEBACK_STARTS = re.compile(
    r"(?:\s*\+ )?(?:Exception Group )?Traceback \((?:most recent call last|innermost last)\):"
    r"|Exception in thread \"|panic: |goroutine \d+ \[|Unhandled exception\."
)
TRACEBACK_LINKS = re.compile(
    r"During handling of the above exception|The above exception was the direct cause"
)
FRAME = re.compile(
    r"\s*(?:\|\s*)?File \"(?P<file>[^\"\n]{1,300})\", line (?P<line>\d+)"
    r"|\s+at (?:[\w$.<>/ \[\]-]{1,200} ?\()?(?P<jfile>[^()\s:]{1,200}):(?P<jline>\d+)(?::\d+)?\)?"
    r"|\s+at [\w$.<>/]+\((?:Native Method|Unknown Source)\)|\s+\.\.\. \d+ more$"
)
_JSON = re.compile(r"\s*(?:[{\[]\s*$|\{\s*[\"'}]|\[\s*[\[{\"'\]\d])")
_YAML = re.compile(r"\s*(?:- )?[A-Za-z_][\w.-]*:(?:\s+[^\s].*|\s*)$|\s*- \S")
_ASSIGNS = re.compile(r"\s*[A-Za-z_][\w.\[\]\"']*(?:\s*:\s*\w+)?\s*[-+*/|]?=\s*\S")
_CALLS = re.compile(
    r"\s*(?:await |return |yield |raise |print ?)?[A-Za-z_][\w.]*\((?:.*[),(\[{])?[;:]?\s*(?:#.*)?$"
)
_CODE = re.compile(
    r"\s*(?:import [\w.]+(?: as \w+)?(?:, ?[\w.]+)*\s*(?:#.*)?$|from [\w.]+ import [\w(*]"
    r"|import .{1,80} from ['\"]|(?:async )?def \w+\s*\(|class \w+\s*[(:{]|@[\w.]+\("
    r"|(?:const|let|var) \w+ ?=|func \w+\(|(?:public|private|static) [\w<>\[\] ]{1,80}\("
    r"|#include\b|#!/|library\(\w+\)|[\w.]+ <- \S|>>> |[\w.$/*-]+(?: [^\s;{]+){0,8}\s?[;{]\s*$)"
)
_CODE_GOES_ON = re.compile(
    r"\s*(?:(?:el)?if .{1,200}:\s*$|for .{1,120} in .{1,200}:\s*$|while .{1,200}:\s*$|try:\s*$"
    r"|with .{1,200}:\s*$|except\b.{0,100}:\s*$|else:\s*$|finally:\s*$|return\b|raise\b|pass$"
    r"|@[\w.]+\s*$|[)\]}]+[,;]?\s*$|\"\"\"|package \w+\s*$)"
)
_SHEBANG = re.compile(r"\s*#!\s*/\S*(?:/|env\s+(?:-\S+\s+)?)(?:ba|da|z|a|k)?sh\b")
_SCRIPT = re.compile(
    r"\s*(?:#|[A-Za-z_]\w*=|(?:local|readonly|export|declare|set|exec|trap|source|shift|echo|return|exit)\b"
    r"|(?:if|for|while|until|case)\b.*(?:then|do|in|;|\])\s*$|(?:then|else|fi|do|done|esac|\}|\))"
    r"|(?:function )?[\w-]+ ?\(\) ?\{|[\w*|\"'-]+\).*(?:;;)?\s*$|\[\[? |\. \S)"
)
"""Lines of the shell language itself."""
_PROMPT = re.compile(r"\s*(?:\(\w[\w.-]*\) )?(?:[\w.-]+@[\w.-]+[:\s][^\s$#]{0,80})?[$%] \S")
_FLAG = re.compile(r"\s--?[A-Za-z][\w-]*|\s(?:&&|\|\|?|>>?|2>&1)\s|\s\\$")
_NO_WORD = re.compile(r"[./:=<>$\d\\-]|^--?\w")
_QUOTED = re.compile(r"\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|`[^`\n]{0,300}`")
_WORDS_IN_A_ROW = re.compile(r"(?:(?<=\s)|^)[A-Za-z][a-z]+(?:,? [A-Za-z]?[a-z]+){3}(?=[\s,.!?]|$)")
"""Four plain words in a row: a command has file names, flags and numbers between them."""
_THREE_WORDS = re.compile(r"(?:(?<=\s)|^)[A-Za-z][a-z]+(?: [a-z]+){2}(?=[\s,.:!?]|$)")
JAPANESE = re.compile(r"[\u3041-\u30fa\u4e00-\u9fff]")
_SENTENCE_ENDS = re.compile(r"[。？！]|[a-z)\"'][.?!](?:\s|$)")
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)(?:\s+(.*))?$", re.DOTALL)
_PROGRAM = r"(?:\[|--\w|<<|[./$\"'({]|[\w.-]+(?:\.\w+|/\S*)?(?:\s|$))"
_ARGUMENTS = {
    "RUN": _PROGRAM,
    "CMD": _PROGRAM,
    "ENTRYPOINT": _PROGRAM,
    "COPY": r"(?:\[|<<|\S+\s+\S)",
    "ADD": r"(?:\[|<<|\S+\s+\S)",
    "ENV": r"[\w.-]+(?:=|\s+\S)",
    "LABEL": r"[\"'\w.-]+(?:=|\s+\S)",
    "ARG": r"[\w.-]+(?:\s*$|=|\s+\w+(?:=|\s|$))",
    "EXPOSE": r"[\d$]",
    "USER": r"[\w${}:.-]+\s*(?:#.*)?$",
    "WORKDIR": r"[\w./${}\"'\\:~-]+\s*(?:#.*)?$",
    "VOLUME": r"[\[/$\"\w]",
    "STOPSIGNAL": r"[\w$]+\s*$",
    "HEALTHCHECK": r"(?:NONE|CMD|--)",
    "SHELL": r"\[",
    "ONBUILD": r"[A-Za-z]+\s+\S",
    "MAINTAINER": r"\S",
}
"""How the arguments of each instruction begin: what tells `USER root` from a sentence."""
_LIKE_ENGLISH = frozenset("RUN CMD ENTRYPOINT COPY ADD VOLUME MAINTAINER".split())
"""Instructions whose arguments have no form of their own: a sentence may begin so, too."""
_PLAIN_START = re.compile(r"(?:[\[\"'/.$]|--\w|<<)|[\w.+-]+\.\w+|\S+ (?:-|\S*[./=\[\"'$\d-])")
_FROM = re.compile(
    r"\s*FROM\s+(?:--platform=\S+\s+)?[\w${}][\w.\-/:@${}%+]*(?:\s+AS\s+[\w.-]+)?\s*$",
    re.IGNORECASE | re.ASCII,
)
_DIRECTIVE = re.compile(r"#\s*(?:syntax|escape|check)\s*=\s*\S", re.IGNORECASE)


def without_prefix(line: str) -> str:
    """A line of a log without what the logging put before it: container, time, level."""
    text = _CONTAINER.sub("", line[:LONGEST], count=1)
    stamp = STAMP.match(text.lstrip())
    if stamp:
        text = text.lstrip()[stamp.end() :]
        text = text[1:] if text[:1] in " \t" else text
    return text


def is_dockerfile_start(line: str) -> bool:
    """A line that only a Dockerfile begins with: FROM and an image, or a parser directive."""
    text = line[:LONGEST]
    if _DIRECTIVE.match(text):
        return True
    if not _FROM.match(text):
        return False
    image = text.split()[1]
    # “from scratch” and “from here” are English; an image that is meant has a tag or a path.
    return text.lstrip()[:4].isupper() or any(sign in image for sign in ":/@$")


def is_instruction(line: str, *, any_case: bool = False, alone: bool = False) -> bool:
    """An instruction of a Dockerfile and its arguments; `alone`: no other one stands near."""
    matched = _INSTRUCTION.match(line[:LONGEST])
    if not matched or not matched[2]:
        return False
    word, rest = matched[1], matched[2]
    if word.upper() not in INSTRUCTIONS or not (any_case or word.isupper()):
        return False
    if word.upper() == "FROM":
        return bool(_FROM.match(line[:LONGEST]))
    if not re.match(_ARGUMENTS[word.upper()], rest, re.ASCII) or JAPANESE.search(rest[:12]):
        return False
    bare = _QUOTED.sub("", rest).partition(" #")[0]
    if alone and JAPANESE.search(bare):
        return False
    if alone and word.upper() in _LIKE_ENGLISH:
        plain = bool(_WORDS_IN_A_ROW.search(bare)) or bare.rstrip()[-1:] in "?!。？"
        return bool(_PLAIN_START.match(rest)) and not plain
    return True


def is_traceback_start(line: str) -> bool:
    return bool(TRACEBACK_STARTS.match(without_prefix(line).lstrip("> ")))


def is_log(line: str) -> bool:
    """A line that a program wrote: time, level, build step, `FailureReason`, or measured values."""
    text = line[:LONGEST]
    if _CONTAINER.match(text):
        return True
    body = text.lstrip()
    if STAMP.match(body) and not _reads_as_prose(body):
        return True
    if any(sign.match(body) for sign in (_FAILURE_REASON, _REPORT, _FROM_SOURCE)):
        return True
    if _BUILD.match(text):
        return True
    if _LEVEL_FIRST.match(body):
        return not _asks_or_is_japanese(body)
    if EXCEPTION.match(body):
        return not _asks_or_is_japanese(body)
    pairs = _PAIRS.findall(text)
    return len(pairs) >= 2 and sum(map(len, pairs)) >= len(text.strip()) * _VALUES


def _asks_or_is_japanese(text: str) -> bool:
    japanese = len(JAPANESE.findall(text))
    ends_so = JAPANESE.search(text.rstrip("。.！!")[-2:]) and japanese < len(text)
    return text.rstrip()[-1:] in "?？" or japanese * 4 >= len(text) or bool(ends_so)


def is_json(line: str) -> bool:
    return bool(_JSON.match(line[:LONGEST]))


def is_yaml(line: str) -> bool:
    text = line[:LONGEST]
    return bool(_YAML.match(text)) and not _reads_as_prose(text)


def is_code(line: str, *, inside: bool = False) -> bool:
    """A line of a program, judged alone, or `inside` one that has begun."""
    text = line[:LONGEST]
    if _CODE.match(text) or (inside and _CODE_GOES_ON.match(text)):
        return not _reads_as_prose(text)
    if _ASSIGNS.match(text) or _CALLS.match(text):
        bare = _QUOTED.sub("", text).partition("#")[0]
        return not (_reads_as_prose(bare) or JAPANESE.search(bare) or _THREE_WORDS.search(bare))
    return False


def is_script_start(line: str) -> bool:
    """The first line of a shell script."""
    return bool(_SHEBANG.match(line[:LONGEST]))


def is_script(line: str) -> bool:
    """A line inside a shell script that has begun."""
    return bool(_SCRIPT.match(line[:LONGEST])) or is_shell(line)


def is_shell(line: str) -> bool:
    """A command as typed."""
    text = line[:LONGEST]
    if _PROMPT.match(text):
        return True
    words = text.split()
    if not words or words[0] != words[0].lower() or JAPANESE.search(_QUOTED.sub("", text)):
        return False
    bare = _QUOTED.sub("", text)
    if _WORDS_IN_A_ROW.search(bare) or text.rstrip()[-1:] in "?!.,;:" and not text.endswith(" ."):
        return False
    if words[0].split("=")[0].isupper() and "=" in words[0]:
        return len(words) > 1
    if words[0] in _COMMANDS or words[0].startswith(("./", "/")):
        plain = not _FLAG.search(text) and _THREE_WORDS.search(bare)
        return not plain and any(_NO_WORD.search(word) for word in words[1:])
    named = words[0].isascii() and re.fullmatch(r"[a-z][\w.+-]*", words[0])
    return bool(named and _FLAG.search(text) and not _THREE_WORDS.search(bare))


def is_japanese(line: str) -> bool:
    """A question or a sentence in Japanese, whatever it names."""
    return bool(JAPANESE.search(line[:LONGEST])) and _asks_or_is_japanese(line[:LONGEST])


def is_prose(line: str) -> bool:
    """A line that a person wrote: Japanese, or plain words in a row."""
    return _reads_as_prose(line[:LONGEST])


def _reads_as_prose(text: str) -> bool:
    bare = _QUOTED.sub("", text)
    comment = bare.find("#")
    if comment >= 0:
        bare = bare[:comment]
    letters = sum(sign.isalpha() for sign in bare)
    japanese = len(JAPANESE.findall(bare))
    if japanese and japanese * 3 >= letters:
        return True
    return bool(_WORDS_IN_A_ROW.search(bare) and _SENTENCE_ENDS.search(bare))
