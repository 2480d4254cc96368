"""The base image finder: select boxes, prefilled from the case, and the image ready to copy."""

from __future__ import annotations

import streamlit as st

from kb.errors import ImageDataMissing, ImageError
from kb.image.answer import image_sentences
from kb.image.lookup import Image, Options, options, resolve
from kb.image.wording import assumed, patches, title
from kb.image.words import SCOPES, region_name, scope_name, table
from kb.messages import message
from kb.pattern.decide import Verdict
from kb.pattern.patterns import load_model
from kb.search.index import Index
from screens.html.answer import safe_markdown, sentences_markdown
from screens.shared import label, ui_language

_NEWEST = ""


def show_base_image(verdict: Verdict, index: Index) -> None:
    """What was chosen, looked up at once; a combination that does not exist gives one sentence."""
    try:
        known = options()
    except ImageDataMissing:
        st.info(label("image_data_missing"))
        return
    st.caption(label("image_intro"))
    with st.container(key="base-image"):
        try:
            image = _choose(known, verdict)
        except ImageError as error:
            st.warning(safe_markdown(error.says[ui_language()]))
        else:
            _show(image, index)


def _choose(known: Options, verdict: Verdict) -> Image:
    """The select boxes; a key that names its default follows the case until it is changed."""
    usual = _usual(verdict)
    first, second = st.columns(2), st.columns([2, 2, 1])
    framework = first[0].selectbox(
        label("image_framework"),
        list(known.frameworks),
        format_func=known.frameworks.__getitem__,
        index=list(known.frameworks).index(usual["framework"]),
        key=f"image_framework_{usual['framework']}",
    )
    scope = second[2].selectbox(
        label("image_scope"),
        SCOPES,
        format_func=lambda name: scope_name(name, ui_language()),
        index=SCOPES.index(verdict.side),
        key=f"image_scope_{verdict.side}",
    )
    version = first[1].selectbox(
        label("image_version"),
        [_NEWEST, *known.versions[framework].get(scope, ())],
        format_func=lambda name: name or label("image_newest"),
        key=f"image_version_{framework}_{scope}",
    )
    region = second[0].selectbox(
        label("image_region"),
        _regions(known),
        format_func=lambda code: region_name(code, ui_language()),
        key=f"image_region_{ui_language()}",
    )
    instance = second[1].selectbox(
        label("image_instance"),
        list(known.instances),
        index=known.instances.index(usual["instance"]),
        accept_new_options=True,
        help=label("image_instance_help"),
        key=f"image_instance_{usual['instance']}",
    )
    return resolve(framework, version, region=region, scope=scope, instance=instance)


def _usual(verdict: Verdict) -> dict[str, str]:
    """What a case like this one starts from."""
    model = load_model()
    on_gpu = any(signal.on_gpu for signal in model.signals if signal.id in verdict.signals)
    return {
        "framework": model.usual_framework(verdict.signals, verdict.side),
        "instance": table("instances")["gpu" if on_gpu else "cpu"],
    }


def _regions(known: Options) -> list[str]:
    """The usual ones of the reader's language first."""
    usual = [code for code in table("usual_regions")[ui_language()] if code in known.regions]
    return [*usual, *(code for code in known.regions if code not in usual)]


def _show(image: Image, index: Index) -> None:
    lang = ui_language()
    st.markdown(f"**{safe_markdown(title(image, lang))}**")
    for sentence in assumed(image, lang):
        st.caption(safe_markdown(sentence))
    for name, text, kind in (
        ("uri", image.uri, None),
        ("from", image.from_line, "dockerfile"),
        ("login", image.login, "bash"),
    ):
        st.caption(label(f"image_{name}"))
        st.code(text, language=kind, wrap_lines=True)
    rows = {
        "registry": f"{image.registry} ({message('image_account', lang, account=image.account)})",
        "patches": patches(image, lang),
        "source": image.source,
    }
    st.markdown(
        "\n".join(
            f"- {message(f'image_label_{name}', lang)}: {safe_markdown(text)}"
            for name, text in rows.items()
        )
    )
    if image.patches.section:
        _show_patches(image, index)


def _show_patches(image: Image, index: Index) -> None:
    """The statement of our notes on the patches of this version."""
    sentences, citations = image_sentences(image, ui_language(), index)
    st.markdown(sentences_markdown(sentences[-1:], citations, ui_language()))
