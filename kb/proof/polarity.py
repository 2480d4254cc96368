"""Polarity: what a sentence denies, opposes and puts in order, held against a text.

Takes text in Japanese or English, gives whether two texts can say the same thing, as far as words
show it. Each list names the same things in both languages. Knows nothing about citations or models.
"""

from __future__ import annotations

import re

from kb.proof.claims import GENERAL, holds
from kb.text.normal import normalize

_AFFIRMING = re.compile(
    # must, may, not only, no more than: words of denial that deny nothing
    r"な(?:けれ|きゃ)ば?(?:な(?:ら|り)|いけ)?(?:ない|ません)"
    r"|ない(?:と|ば)(?:いけ|なら|な(?:ら|り))(?:ない|ません)"
    r"|な(?:くて|くちゃ)は?(?:いけ|な(?:ら|り))(?:ない|ません)"
    r"|ねばな(?:らない|りません)|ざるを得(?:ない|ません)|かもしれ(?:ない|ません)"
    r"|だけで(?:は|も)?なく|のみならず|にす?ぎ(?:ない|ません)|に(?:ほか|他)な(?:らない|りません)"
    r"|(?:な(?:く|し)(?:て|で)も)?(?:構い?(?:わない|ません)|かま(?:わない|いません))"
    r"|問題(?:は|も)?(?:ない|ありません)|足(?:り|ら)(?:ない|ません)|少な[くい]"
    r"|ま(?:もな|間もな)く|間もなく|なくな[りるっ]|(?:しか|以外)[^。、]{0,24}?(?:ない|ません)"
    r"|(?:かか|関)わらず|問わず|限らず|必ず|いずれ|わずか|はず"
    r"|\bnot (?:only|just|necessarily)\b|\bwhether or not\b"
    r"|\bno(?:t)? (?:longer|later|more|less|fewer) than\b",
    re.ASCII,  # Japanese follows English words without a blank
)
_DENIAL = re.compile(
    r"\b(?:not|no|never|cannot|without|neither|nor|none|nothing|unsupported|impossible|unable)\b"
    r"|n't\b|ない|ません|なく|な[しき](?=[のでにと、。]|$)|無し"
    r"|(?<=[かさたならわませれけめえべきじびみりち])ずに?(?=[、。にで]|[\u4e00-\u9fff]|$)"
    r"|不要|不可|非対応|未対応|禁止",
    re.ASCII,
)
_HINT = re.compile(
    # prefixes of absence
    r"\bun(?!der|it|til|ion|iver|ix|iqu|iform|pack)\w+|\bnon-?\w|未[^満来]|不[^正]|非[^常同]"
    r"|\bin(?:visible|valid|correct|compatible|sufficient)\b|無効|無視|無く"
    # exceptions and replacements
    r"|\b(?:only|except|unless|instead|rather|elsewhere|optional|alone|unlike|other than)\b"
    r"|\b(?:separat|differ|exclud|changed from|out of|rules? out|keep \w+ out)\w*"
    r"|以外|だけ|のみ|しか|専用|代わり|別[のでにも物]|任意|省略|除[くきい外]|限り|違[いう]|異な|分か?れて"
    # loss and lack
    r"|\b(?:lack|miss|lose|loses|lost|gone|empty|away|remov|delet|drop|skip|bypass|break|broke)\w*"
    r"|\bsav(?:es|ed|ing)\b|消え|消[すし]|外[すしれ]|欠け|不足|超え|空の|廃止|なけれ|なくな|足り|足ら|少な"
    r"|飛ば|素通り|迂回|届か|やめ|[かさたならわまれえせけめ]ずに?[、にで]"
    # failure and refusal
    r"|\b(?:fail|refus|reject|block|forbid|forbad|den(?:y|i)|ignor|avoid|disabl|prohibit|prevent)\w*"
    r"|\b(?:wrong|crash|abort|conflict|confus|tolera|stops |too )\w*"
    r"|拒否|失敗|止ま|避け|誤り|困[るり]|ざるを得|かまい|構い|構わ",
    re.ASCII,
)
"""What can say the same as a denial (“unset”, “only”, 失敗)."""

_Pair = tuple[re.Pattern[str], re.Pattern[str]]


def _pair(one: str, other: str) -> _Pair:
    return re.compile(one, re.ASCII), re.compile(other, re.ASCII)


_OPPOSITES = (
    _pair(
        r"\btrain(?:ing|ed|er)?\b|学習|訓練",
        r"\binference\b|\bserv(?:e|es|ing)\b|\bendpoints?\b|\bhosting\b|推論|エンドポイント",
    ),
    _pair(
        r"\bat most\b|\bup to\b|\bmaximum\b|\bmost\b|\bwithin\b|\blimit|\bless than\b|\bnot exceed"
        r"|最大|以内|最長|上限|まで|未満|\d[^。、]{0,6}以下",
        r"\bat least\b|\bminimum\b|\bor more\b|\bmore than\b|\bat the earliest\b|\bor later\b"
        r"|以上|最低|最小|下限|少なくとも|以降",
    ),
    _pair(r"\bgpus?\b", r"\bcpus?\b"),
    _pair(r"\bbuild[ -]?time\b|ビルド時", r"\brun[ -]?time\b|実行時"),
    _pair(r"\bread[ -]only\b|読み取り専用", r"\bwrit(?:e|able|ing)\b|書き込"),
    _pair(r"\balphabetical|アルファベット順", r"\brandom|\breverse|ランダム|逆順"),
)
_SEQUENCE = _pair(
    r"\bbefore\b|\bprior to\b|前に|前の|直前",
    r"\bafter\b|\blater\b|\bonce\b|後に|後の|直後|のあと|した後",
)
_POLAR_OPPOSITES = (
    _pair(
        r"\bmust\b|\brequire[ds]?\b|\bmandatory\b|\bhas to\b|必須|必要",
        r"\boptional|\bmay be left out\b|任意(?!の)|省略でき|不要",
    ),
    _pair(
        r"\benable[ds]?\b|\bswitched on\b|\bon by default\b|有効",
        r"\bdisable[ds]?\b|\bswitched off\b|\boff by default\b|無効",
    ),
    _pair(
        r"\ballow(?:s|ed)?\b|\bpermit|許可",
        r"\bforbid|\bforbidden\b|\bden(?:y|ied|ies)\b|\breject|拒否|禁止",
    ),
    _pair(r"\bsame\b|\bidentical\b|\bequal|同じ", r"\bdifferent\b|\bdiffers?\b|異な|違い|違う"),
    _pair(r"\bsuccess|\bsucceed|成功", r"\bfail|失敗"),
    _pair(
        r"\bcompressed\b|\bpacked\b|圧縮し|圧縮され",
        r"\buncompressed\b|非圧縮|圧縮せず|圧縮しない",
    ),
)
"""Pairs in which denying the one says the other."""

_OBJECT = r"(?:the |an? |your |its |\w+'s )*(/?[a-z][\w./-]*[\w/])"
_SUBJECT = r"(/?[a-z][\w./-]*[\w/])\s*"
_ROLES = tuple(
    (role, re.compile(pattern, re.ASCII))
    for role, patterns in {
        "instead": (
            rf"\b(?:instead of|rather than|not)\s+{_OBJECT}",
            rf"{_SUBJECT}(?:の代わり|ではなく|でなく)",
        ),
        "before": (rf"\bbefore\s+{_OBJECT}", rf"{_SUBJECT}(?:の前に|より前|より先)"),
        "after": (rf"\bafter\s+{_OBJECT}", rf"{_SUBJECT}(?:の後に|のあと|より後)"),
        "over": (rf"\b(?:over|than)\s+{_OBJECT}", rf"{_SUBJECT}より(?:も|優先)"),
        "replaced": (
            rf"\b(?:replaces?|overrides?|overwrites?|beats)\s+{_OBJECT}",
            rf"{_SUBJECT}(?:is|are|gets?)\s+(?:replaced|overridden|overwritten)",
            rf"{_SUBJECT}を\s*(?:置き換え|上書き)",
            rf"{_SUBJECT}は[^。、]{{0,20}}?(?:置き換えられ|上書きされ|置き換わ)",
        ),
    }.items()
    for pattern in patterns
)


def denies(clause: str) -> int:
    """How often a clause denies."""
    return len(_DENIAL.findall(_without_idioms(clause)))


def hints(clause: str) -> list[str]:
    """The words of a clause that can say the same as a denial, in order."""
    return [found[0] for found in _HINT.finditer(_without_idioms(clause))]


def denial_places(text: str) -> list[int]:
    """Offsets of the words of denial in `text`, which is in normal form."""
    return [found.start() for found in _DENIAL.finditer(_idioms_blanked(text))]


def hint_places(text: str) -> list[int]:
    """Offsets of the words in `text`, in normal form, that can say the same as a denial."""
    return [found.start() for found in _HINT.finditer(_idioms_blanked(text))]


def _idioms_blanked(text: str) -> str:
    return _AFFIRMING.sub(lambda found: "…" * len(found[0]), text)


def _without_idioms(clause: str) -> str:
    return _AFFIRMING.sub(" … ", normalize(clause))


def opposed(sentence: str, proof: str, *, copied: bool = False) -> bool:
    """The sentence names one of two opposites, the proof only the other.

    `copied`: the two share nearly all words, so that “before” is not “after” told the other way.
    """
    one, other = normalize(sentence), normalize(proof)
    pairs: tuple[_Pair, ...] = (*_OPPOSITES, _SEQUENCE) if copied else _OPPOSITES
    if not denies(sentence) and not denies(proof):
        pairs += _POLAR_OPPOSITES
    return any(_only_first(pair, one, other) or _only_first(pair, other, one) for pair in pairs)


def _only_first(pair: _Pair, one: str, other: str) -> bool:
    """`one` names only the first of the pair, `other` only the second."""
    first, second = pair
    return bool(
        first.search(one)
        and not second.search(one)
        and second.search(other)
        and not first.search(other)
    )


def misplaced(sentence: str, proof: str) -> list[str]:
    """Names with a part in the sentence (“instead of X”, X より) that others have in the proof."""
    told, shown = _roles(sentence), _roles(proof)
    claimed, stands = (normalize(text.replace("`", "")) for text in (sentence, proof))
    return [
        name
        for role, name in sorted(told - shown)
        if name not in GENERAL
        and holds(name, stands)
        and any(role == other and holds(rival, claimed) for other, rival in shown)
    ]


def _roles(text: str) -> set[tuple[str, str]]:
    folded = normalize(text.replace("`", ""))
    return {(role, found[1]) for role, pattern in _ROLES for found in pattern.finditer(folded)}
