"""What a person is told: one text for each reason, in both languages."""

import string

import pytest

from resolvers.messages import _MESSAGES, Language, Reason, message_of


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_text_in_both_languages(reason: Reason, language: Language) -> None:
    values = dict.fromkeys(placeholders(_MESSAGES[reason][0]), 7)

    text = message_of(reason, language, values)

    assert text
    assert "{" not in text
    assert (language == "zh") == any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("reason", Reason)
def test_chinese_text_asks_for_no_value_that_the_english_one_lacks(reason: Reason) -> None:
    english, chinese = _MESSAGES[reason]

    assert placeholders(chinese) <= placeholders(english)


def test_codes_expire_and_are_wrong_in_the_words_that_legacy_pages_show() -> None:
    texts = [_MESSAGES[reason][1] for reason in (Reason.CAPTCHA_EXPIRED, Reason.SMS_CODE_EXPIRED)]
    wrong = [_MESSAGES[reason][1] for reason in (Reason.CAPTCHA_WRONG, Reason.SMS_CODE_WRONG)]

    assert texts == ["验证码过期"] * 2
    assert wrong == ["验证码错误"] * 2


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
