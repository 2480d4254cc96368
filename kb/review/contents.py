"""What is in an image: packages, files, variables, user, base.

Takes a `Paste` and the parameters of a check, gives `Spot` values. Knows nothing about wording.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from datetime import date

from kb.image.uri import accounts_of, builds_of, is_of_aws, patches
from kb.review.dockerfile import Instruction, pairs
from kb.review.paste import Paste, system_of
from kb.review.rewriting import with_manager, with_packages, without_packages
from kb.review.spots import Edit, Spot, at, replaced

_FAMILY = {
    "al2023": ("dnf", "microdnf", "yum"),
    "al2": ("yum",),
    "rhel": ("dnf", "microdnf", "yum"),
    "ubuntu": ("apt-get", "apt"),
    "debian": ("apt-get", "apt"),
    "alpine": ("apk",),
}
_NAMES = re.compile(
    r"(?:^|_)(?:API_?KEY|APIKEY|ACCESS_KEY|ACCESS_KEY_ID|PRIVATE_KEY|SECRET|SECRETS|SECRET_KEY|PASSWORD|PASSWD|PASS"
    r"|TOKEN|CREDENTIAL|CREDENTIALS)(?:$|_(?:ID|VALUE|KEY))",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"^(?:|changeme|dummy|none|null|true|false|0|1|\$\{?\w+\}?|/.*|arn:.*)$", re.IGNORECASE
)
_TOKENIZER = re.compile(
    r"(?:MAX|MIN|NUM|PAD|EOS|BOS|N)_TOKEN|TOKEN_(?:LIMIT|LENGTH)|PUBLIC", re.IGNORECASE
)
_ARM = re.compile(r"\b(?:linux/)?(?:arm64|aarch64)(?:/v\d)?\b", re.IGNORECASE)


def installs(paste: Paste, packages: str) -> Iterator[Spot]:
    """Packages by name, in whatever stage is left in the image; one place a line."""
    places: dict[int, tuple[str, Instruction, list[str]]] = {}
    for _, name, word, one in paste.installs:
        if re.fullmatch(packages, name):
            line, quote = one.line_with(re.compile(_word(re.escape(word))))
            places.setdefault(line, (quote, one, []))[2].append(name)
    for line, (quote, one, names) in places.items():
        every = {name for _, other, found in places.values() if other is one for name in found}
        edit = Edit(one.first, one.first + len(one.lines) - 1, without_packages(one, every))
        yield Spot(line, quote, {"package": "`, `".join(dict.fromkeys(names))}, edit)


def _word(pattern: str) -> str:
    return rf"(?<![\w.-])(?:{pattern})(?![\w.-])"


def uses_other_manager(paste: Paste, system: str, managers: Sequence[str]) -> Iterator[Spot]:
    """A package manager that the system of the base does not have."""
    if paste.has_package("|".join(managers)):
        return  # it installs the other manager first
    for base, manager, one in paste.systems:
        if base in system.split("|") and manager in managers:
            own = _FAMILY[base][0]
            line, quote = one.line_with(re.compile(rf"\b{manager}\b"))
            lines = with_manager(one, own)
            edit = Edit(one.first, one.first + len(one.lines) - 1, lines)
            yield Spot(line, quote, {"manager": manager, "own": own}, edit)
            return


def installs_without(
    paste: Paste, package: str, lacks: str, mentions: str = "", base: str = "", adds: str = ""
) -> Iterator[Spot]:
    """A package that comes without another one that it needs; `base`: on such an image only.

    `adds`: what is to be put beside it.
    """
    if paste.is_on_aws_image or paste.has_package(lacks):
        return
    if base:
        staged = any(f.startswith("--from") for one in paste.dockerfile.final for f in one.flags)
        if staged or not re.search(base, paste.dockerfile.base):
            return
    elif paste.has_requirements or not paste.is_on_plain_image:
        return  # what is not pasted may bring it
    if mentions and re.search(mentions, paste.text):
        return
    for _, name, word, one in paste.installs:
        if re.fullmatch(package, name):
            spot = at(one, re.compile(re.escape(word)), package=name)
            edit = None
            if adds:
                lines = with_packages(one, re.split(r"[\[=<>~!]", word)[0], adds)
                edit = Edit(one.first, one.first + len(one.lines) - 1, lines)
            yield Spot(spot.line, spot.quote, spot.values, edit)
            return


def upgrades_package(paste: Paste, package: str, beside: str) -> Iterator[Spot]:
    """A package upgraded without a bound, beside another one that breaks with the newest."""
    if not paste.has_package(beside):
        return
    upgraded = {id(one) for _, name, _, one in paste.installs if name == "--upgrade"}
    for _, name, word, one in paste.installs:
        if name == package and id(one) in upgraded and not re.search(r"[<=]", word):
            sign = re.compile(rf"(?<![\w.-]){re.escape(word)}(?![\w.<=-])")
            line, quote = one.line_with(sign)
            better = sign.sub(f'"{package}<81"', quote)
            yield Spot(line, quote, {"package": package}, Edit(line, line, (better,)))
            return


def python_is_undeclared(paste: Paste, package: str, lowest: str, highest: str) -> Iterator[Spot]:
    """A toolkit on a Python that it neither declares nor was seen to run on."""
    python = paste.python
    low, high = ((int(a), int(b)) for a, b in (v.split(".") for v in (lowest, highest)))
    if python is None or low <= python <= high or not paste.has_package(package):
        return
    origin = paste.dockerfile.chain[0].origin
    if origin is not None:
        yield at(origin, python=f"{python[0]}.{python[1]}")


def copies_below(paste: Paste, place: str, except_: str = "") -> Iterator[Spot]:
    """Files put into a folder that SageMaker fills itself."""
    for one, sources, target in paste.dockerfile.copies:
        if re.match(place, target + "/") and not (except_ and re.match(except_, target + "/")):
            name = (
                posixpath.basename(sources[0].rstrip("/")) if sources[0] not in (".", "<<") else ""
            )
            where = f"/opt/program/{name}" if name and not target.endswith("/") else "/opt/program/"
            lines = "\n".join(one.lines)
            last = one.arguments[-1]
            written = lines[: lines.rfind(last)] + where + lines[lines.rfind(last) + len(last) :]
            edit = tuple(written.split("\n")) if last in lines else None
            end = one.first + len(one.lines) - 1
            yield Spot(
                one.first,
                one.lines[0],
                {"target": target},
                Edit(one.first, end, edit) if edit else None,
            )


def copies_to_code(paste: Paste, place: str, says: str) -> Iterator[Spot]:
    """Files baked into the folder of the code, where the person sends code with the job."""
    if paste.says(says):
        for spot in copies_below(paste, place):
            yield Spot(spot.line, spot.quote, spot.values)


def user_is_not_root(paste: Paste) -> Iterator[Spot]:
    user = paste.dockerfile.last("USER")
    name = user.value.split(":")[0].strip("\"'").lower() if user else "root"
    if user is not None and name not in ("root", "0", "") and not name.startswith("$"):
        yield replaced(user, "USER root", user=user.value)


def holds_secret(paste: Paste) -> Iterator[Spot]:
    """ENV with a secret as value, or ARG named like one."""
    for one in paste.dockerfile.instructions:
        if one.keyword == "ENV":
            named = [(n, v) for n, v in pairs(one) if not _NO_SECRET.match(v.strip("\"'"))]
        elif one.keyword == "ARG":
            named = [(one.value.partition("=")[0].strip(), "")]
        else:
            continue
        for name, _ in named:
            if _NAMES.search(name) and not _TOKENIZER.search(name):
                sign = re.compile(rf"\b{re.escape(name)}\b")
                line, quote = one.line_with(sign)
                alone = len(named) == 1 and len(one.lines) == 1 and len(pairs(one)) <= 1
                edit = Edit(line, line, ()) if alone else None
                yield Spot(line, quote, {"name": name, "run": _with_secret(paste, name)}, edit)


def _with_secret(paste: Paste, name: str) -> str:
    """The command of the build that uses a value, with the value mounted; empty: none does."""
    used = re.compile(rf"\$\{{?{re.escape(name)}\b")
    for one in paste.dockerfile.all("RUN"):
        if used.search(one.script) and one.words is None and not one.body:
            mount = f"RUN --mount=type=secret,id={name} \\"
            first = re.sub(r"^\s*RUN\s+", "", one.lines[0], flags=re.IGNORECASE)
            export = f'    export {name}="$(cat /run/secrets/{name})" && \\'
            return "\n".join((mount, export, f"    {first}", *one.lines[1:]))
    return ""


def sets_variable(
    paste: Paste,
    name: str,
    value: str = ".+",
    but: str = "",
    lacks_copy_to: str = "",
    says: str = "",
) -> Iterator[Spot]:
    """ENV with a name and a value; `lacks_copy_to`: files are copied, none of them there."""
    if says and not paste.says(says):
        return
    copies = paste.dockerfile.copies
    if lacks_copy_to:
        if not copies or any(re.match(lacks_copy_to, target + "/") for _, _, target in copies):
            return
        if re.search(r"/opt/ml/code|git clone|curl|wget|aws s3", paste.text):
            return
    for one in paste.dockerfile.all("ENV"):
        for key, given in pairs(one):
            filled = paste.dockerfile.filled(given)
            if re.fullmatch(name, key) and re.fullmatch(value, filled):
                if but and re.fullmatch(but, filled):
                    continue
                alone = len(pairs(one)) == 1
                spot = (
                    replaced(one, name=key, value=given)
                    if alone
                    else at(one, name=key, value=given)
                )
                yield spot if not lacks_copy_to else at(one, name=key, value=given)


def copies_outside(paste: Paste) -> Iterator[Spot]:
    for one, sources, _ in paste.dockerfile.copies:
        if not any(flag.startswith("--from") for flag in one.flags):
            out = next((source for source in sources if source.startswith("../")), "")
            if out:
                yield at(one, source=out)


# --- the base -------------------------------------------------------------------------------------


def _origin(paste: Paste) -> Instruction | None:
    return paste.dockerfile.chain[0].origin if paste.dockerfile.chain else None


def base_is_not_for_sagemaker(paste: Paste) -> Iterator[Spot]:
    """An AWS image whose tag says EC2, or names the system and not SageMaker."""
    origin, tag = _origin(paste), paste.image.tag
    if origin is None or not paste.is_on_aws_image or paste.dockerfile.last("ENTRYPOINT"):
        return
    if paste.has_package("sagemaker-.*") or not tag or "sagemaker" in paste.image.repository:
        return
    other = re.search(r"-(?:ec2|e3)(?:-v\d[\w.-]*)?$", tag)
    named = re.match(r"(?:pytorch|tensorflow)(?:-training|-inference)?$", paste.image.repository)
    plain = named and re.search(r"(?:ubuntu2[2-9]\.04|amzn2023)$", tag)
    if not (other or plain) or "base" in paste.image.repository:
        return
    better = re.sub(r"-(?:ec2|e3)$", "", tag) + "-sagemaker"
    if paste.dockerfile.base not in origin.lines[0]:
        yield at(origin, tag=tag, better=better)
        return
    line = origin.lines[0].replace(tag, better)
    yield replaced(origin, line, tag=tag, better=better)


def base_is_for_other_side(paste: Paste, side: str) -> Iterator[Spot]:
    """An image for training where serving is wanted, or the other way round."""
    origin = _origin(paste)
    if origin is None or not paste.is_on_aws_image or len(paste.sides) != 1:
        return
    if paste.scopes and side not in paste.scopes and not _is_for_any(paste):
        if may_serve_itself(paste, side):
            return
        yield at(origin, repository=paste.image.repository, side=side)


def _is_for_any(paste: Paste) -> bool:
    scopes = {build.scope for build in builds_of(paste.image)}
    return {"training", "inference"} <= scopes


def may_serve_itself(paste: Paste, side: str) -> bool:
    """An own start of the other side on top of the image."""
    file = paste.dockerfile
    word = {"training": "train", "inference": "serve"}[side]
    copied = any(posixpath.basename(target) == word for _, _, target in file.copies)
    return bool(file.last("ENTRYPOINT")) or copied or paste.has_package(f"sagemaker-{side}")


def base_gets_no_patches(paste: Paste) -> Iterator[Spot]:
    """An AWS image whose patches have ended, as far as our evidence says."""
    origin = _origin(paste)
    if origin is None or not paste.is_on_aws_image:
        return
    known = patches(paste.image, date.today())
    if known.state == "ended":
        yield at(origin, until=known.until, tag=paste.image.tag)


def account_is_of_other_region(paste: Paste) -> Iterator[Spot]:
    """An AWS account that does not hold this repository in this Region."""
    for stage in paste.dockerfile.stages:
        image = paste.image if stage is paste.dockerfile.chain[0] else None
        if image is None or stage.origin is None or not is_of_aws(image.account):
            continue
        right = accounts_of(image)
        if right and image.account not in right:
            account = sorted(right)[0]
            line = stage.origin.lines[0].replace(image.account, account)
            yield replaced(
                stage.origin, line, account=image.account, right=account, region=image.region
            )


def base_is_arm(paste: Paste) -> Iterator[Spot]:
    """`--platform=linux/arm64`, an image or a download for ARM."""
    if paste.says(r"graviton|arm64|aarch64|\bARM\b|c[678]g|m[678]g|r[678]g"):
        return
    stage = paste.dockerfile.chain[0] if paste.dockerfile.chain else None
    if stage is not None and stage.origin is not None:
        if _ARM.search(stage.platform) or stage.image.startswith(("arm64v8/", "arm32v7/")):
            line = _ARM.sub("linux/amd64", stage.origin.lines[0]).replace("arm64v8/", "")
            yield replaced(stage.origin, line, better=line)
            return
    for one in paste.dockerfile.all("RUN", "ADD"):
        found = re.search(r"https?://\S*(?:aarch64|arm64)\S*", one.script)
        if found and not re.search(r"x86_64|amd64|TARGETARCH|uname", one.script):
            yield at(one, re.compile("aarch64|arm64"), better=found[0])
            return


def base_is_not_pinned(paste: Paste) -> Iterator[Spot]:
    """`latest`, or no tag at all."""
    names = {stage.name.lower() for stage in paste.dockerfile.stages if stage.name}
    for stage in paste.dockerfile.stages:
        image = stage.image
        if stage.origin is None or image.lower() in names or image == "scratch" or "$" in image:
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@" not in image and tag in ("", "latest"):
            yield at(stage.origin, image=image)


def runs_missing_program(paste: Paste, program: str, system: str) -> Iterator[Spot]:
    """A program that the base no longer has."""
    if (
        system_of(paste.dockerfile.base) != system
        or not paste.is_on_aws_image
        or re.search(rf"mini{program}|mini\w*forge", paste.text)
    ):
        return
    for one in paste.dockerfile.all("RUN"):
        if re.search(rf"(?:^|&&|;|\s){program} (?:install|create|env|run|activate)\b", one.script):
            sign = re.compile(rf"\b{program}\b")
            line, quote = one.line_with(sign)
            yield Spot(line, quote, {"program": program})
            return


def lacks_label(paste: Paste, label: str, says: str) -> Iterator[Spot]:
    """A label that the kind of serving which the person names needs."""
    if (
        not paste.says(says)
        or label in paste.text
        or not paste.dockerfile.final
        or paste.is_on_aws_image
    ):
        return
    if any(stage.origin is None for stage in paste.dockerfile.chain):
        return
    last = paste.dockerfile.final[-1]
    line = f"LABEL {label}=true"
    yield replaced(last, *last.lines, line, better=line)
