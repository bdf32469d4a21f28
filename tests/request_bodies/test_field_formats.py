"""Fields out of bytes as clients in the wild send them: marks, commas and ampersands too many, Chinese encodings."""

import codecs
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_bodies import BodyMalformedError, parse_fields, parse_query

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TEXTS = st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=5)


@pytest.mark.parametrize(
    "mark_and_encoding",
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
    ids=lambda pair: pair[1],
)
@pytest.mark.parametrize(
    "body", ['{"name": "小明", "a": 1}', "name=小明&a=%31", "name=%E5%B0%8F%E6%98%8E&a=1"]
)
def test_byte_order_mark_says_the_encoding_and_is_no_part_of_the_body(
    body: str, mark_and_encoding: tuple[bytes, str]
) -> None:
    mark, encoding = mark_and_encoding

    fields = parse_fields(f"{FORM}; charset=gbk", mark + body.encode(encoding))

    assert {name: str(value) for name, value in fields.items()} == {"name": "小明", "a": "1"}


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (b"&mobile=1&password=2", {"mobile": "1", "password": "2"}),
        (b"mobile=1&password=2&", {"mobile": "1", "password": "2"}),
        (b"mobile=1&&&password=2", {"mobile": "1", "password": "2"}),
        (b"mobile=1&password=2&remember", {"mobile": "1", "password": "2", "remember": ""}),
        (b"remember&mobile=1", {"mobile": "1", "remember": ""}),
        (b"mobile=1&mobile=2", {"mobile": "2"}),
        (b"a=b=c&d=+%2B&=", {"a": "b=c", "d": " +", "": ""}),
        (b"a=100%&b=%zz", {"a": "100%", "b": "%zz"}),
        ("a=小明&b=中+国".encode(), {"a": "小明", "b": "中 国"}),
    ],
)
def test_form_is_read_with_what_is_too_much_in_it(form: bytes, fields: dict[str, str]) -> None:
    assert parse_fields(FORM, form) == fields


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"mobile":"1","image_code_text":"ykft",}', {"mobile": "1", "image_code_text": "ykft"}),
        ('{"a": 1 ,\r\n\t}\n', {"a": 1}),
        ('{"a": [1, 2,], "b": {"c": [{"d": null,},],},}', {"a": [1, 2], "b": {"c": [{"d": None}]}}),
        (r'{"a": ",}", "b": "\",]", "c": "\\",}', {"a": ",}", "b": '",]', "c": "\\"}),
        (r'{"a,}": "\\\",}",}', {"a,}": '\\",}'}),
    ],
)
def test_comma_after_the_last_value_is_passed_over_but_in_strings(
    text: str, fields: dict[str, object]
) -> None:
    assert parse_fields(JSON, text.encode()) == fields


@pytest.mark.parametrize(
    "text",
    [
        "{,}",
        '{"a": 1,,}',
        '{"a": 1, ,}',
        '{"a":,}',
        '{,"a": 1}',
        '{"a": [,]}',
        '{"a": [1,,]}',
        '{"a": 1},',
        '{"a": 1,',
        '{"a": "b,}',
        '{"a": 1,]}',
        '{"a" 1,}',
        "{'a': 1,}",
        '{"a": 012345}',
        '{"a": NaN,}',
        '{"a": 1,} // comment',
        "[1,]",
        "[]",
        "{a=1}",
        "null",
        '"a"',
        "hello",
        "&",
        "\ufeff",
    ],
)
def test_what_is_malformed_otherwise_stays_so(text: str) -> None:
    with pytest.raises(BodyMalformedError):
        parse_fields(JSON, text.encode())


@pytest.mark.parametrize("label", ["gbk", "GBK", "gb2312", "gb18030", '"GB18030"'])
@pytest.mark.parametrize(
    "body",
    [
        b"name=%D0%A1%C3%F7&p=1",
        b"name=\xd0\xa1\xc3\xf7&p=1",
        b'{"name": "\xd0\xa1\xc3\xf7", "p": "1"}',
    ],
)
def test_declared_chinese_encodings_are_read(label: str, body: bytes) -> None:
    assert parse_fields(f"{FORM}; Charset={label}", body) == {"name": "小明", "p": "1"}


@given(st.text(st.characters(codec="gb18030"), min_size=1, max_size=20))
def test_every_text_of_the_chinese_encoding_is_read_from_json_and_forms(text: str) -> None:
    declared = "text/plain; charset=gbk"
    as_json = json.dumps({"a": text}, ensure_ascii=False).encode("gb18030")
    # As browsers do it: bytes that are letters or digits stay as they are, also inside of a character.
    quoted = "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02X}"
        for byte in text.encode("gb18030")
    )

    assert parse_fields(declared, as_json) == {"a": text}
    assert parse_fields(declared, f"a={quoted}".encode()) == {"a": text}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"name=%D0%A1%C3%F7"),
        (JSON, b'{"name": "\xc3\xf7"}'),
        (f"{FORM}; charset=gbk", b"name=%FF"),
        (f"{FORM}; charset=gbk", b'{"name": "\xd0"}'),
        (f"{FORM}; charset=big5", b"name=%A4%A4"),
        (JSON, codecs.BOM_UTF16_LE + b"\x00"),
        (JSON, codecs.BOM_UTF16_LE + b"\x00\xd8"),
    ],
)
def test_bytes_that_are_not_in_the_encoding_are_malformed(content_type: str, body: bytes) -> None:
    with pytest.raises(BodyMalformedError):
        parse_fields(content_type, body)


@given(TEXTS)
def test_trailing_commas_change_no_value(fields: dict[str, str]) -> None:
    text = json.dumps(fields, ensure_ascii=False)
    with_comma = text[:-1] + ",}" if fields else text

    assert parse_fields(JSON, with_comma.encode()) == fields


@pytest.mark.parametrize(
    "body",
    [
        '{"' + '\\"' * 50_000,
        "{" + '"' * 100_000,
        "{" + " " * 100_000,
        "{" + "[ " * 50_000,
        "{" + ", " * 50_000,
        "&" * 100_000,
    ],
    ids=["escapes", "quotes", "blanks", "brackets", "commas", "ampersands"],
)
def test_hostile_text_of_a_hundred_kilobytes_takes_no_time(body: str) -> None:
    started = time.process_time()
    with pytest.raises(BodyMalformedError):
        parse_fields(JSON, body.encode())

    assert time.process_time() - started < 0.5


def test_query_is_read_pair_by_pair() -> None:
    assert parse_query(b"codeid=1&name=%C3%F7&pcodeid=") == {"codeid": "1", "pcodeid": ""}
    assert len(parse_query(b"&".join(b"a%d=1" % number for number in range(200)))) == 100
