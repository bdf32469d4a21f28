"""Which language a caller reads, by `Accept-Language`."""

import pytest

from schema.languages import choose_language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        # Order, where nothing else decides.
        ("zh-CN,en-US", "zh"),
        ("en-US,zh-CN", "en"),
        ("zh", "zh"),
        ("zh,en", "zh"),
        ("fr,zh,en", "zh"),
        ("zh;q=0.8,en;q=0.8", "zh"),
        ("en;q=0.8,zh;q=0.8", "en"),
        # Weights.
        ("en;q=0.3,zh;q=0.9", "zh"),
        ("zh;q=0.899,en;q=0.9", "en"),
        ("zh;q=0.5,en", "en"),
        ("en;q=.5, zh", "zh"),
        ("zh ; Q = 0.9 , en;q=0.8", "zh"),
        # As browsers send it.
        ("zh-CN,zh;q=0.9,en;q=0.8,en-GB;q=0.7,en-US;q=0.6", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7", "en"),
        ("en-GB,en;q=0.7,zh;q=0.8", "en"),
        # Forms of a language.
        ("zh-Hant", "zh"),
        ("zh-Hant-TW,en;q=0.9", "zh"),
        ("ZH-hk,en", "zh"),
        ("zh_CN", "zh"),
        ("cmn-Hans-CN", "zh"),
        ("yue-Hant-HK,en;q=0.5", "zh"),
        ("zha,en;q=0.1", "en"),
        ("zhx", "en"),
        # What is refused.
        ("zh;q=0", "en"),
        ("zh;q=0,zh-TW", "en"),
        ("zh-Hans;q=0,zh-Hant,en;q=0.1", "en"),
        ("zh-TW;q=0,zh", "zh"),
        ("zh;q=0.000,en;q=0.001", "en"),
        ("en;q=0,*", "zh"),
        ("en;q=0,zh;q=0.1", "zh"),
        ("en;q=0", "en"),
        ("zh;q=0,en;q=0", "en"),
        # Whatever is not named.
        ("*", "en"),
        ("*;q=0.5,zh", "zh"),
        ("*;q=0.5,zh;q=0.1", "en"),
        ("zh,*", "zh"),
        ("*,zh", "en"),
        ("zh;q=0,*", "en"),
        ("*;q=0", "en"),
        ("fr,*;q=0.1,zh;q=0.2", "zh"),
        # Nothing of use.
        ("", "en"),
        (",,", "en"),
        ("fr-CH, fr;q=0.9", "en"),
        ("zh;q=2", "en"),
        ("zh;q=nan", "en"),
        ("zh;q=-1", "en"),
        ("zh;level=1", "en"),
        ("zh;q=0.5;x=y", "en"),
        ("z h", "en"),
        ("中文", "en"),
        (",zh", "zh"),
        ("zh;q=x,zh-TW;q=0.2", "zh"),
    ],
)
def test_language(header: str, language: str) -> None:
    assert choose_language(header) == language


def test_an_endless_header_is_not_read_to_its_end() -> None:
    assert choose_language("fr," * 49 + "zh") == "zh"
    assert choose_language("fr," * 5000 + "zh") == "en"
