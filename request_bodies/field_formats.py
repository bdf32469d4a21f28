"""Fields out of the bytes of a JSON object or a form, as the pages in the wild send them.

Read as what they mean are a byte order mark before the body, an `&` too many or a name without a value in a form, and a
comma too many at the end of a JSON object or array. What is malformed otherwise stays so.
"""

import codecs
import re
from contextlib import suppress
from urllib.parse import unquote_to_bytes

import msgspec

MAXIMUM_FIELDS = 100

# The longer ones first, since that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What else may be declared; browsers, too, read all three as the largest of them. Source: WHATWG, Encoding, 4.2.
_GB = "gb18030"
_GB_LABELS = frozenset({"gbk", "gb2312", "gb18030", "x-gbk", "cp936"})
_DECLARED = re.compile(r"""charset\s*=\s*["']?([a-z0-9_-]+)""", re.IGNORECASE)

# A string, closed or not, or a comma that follows no value: both stay. The last alternative is the comma too many.
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?|[{\[,:]\s*+,)|,(?=\s*+[}\]])', re.DOTALL)


class BodyMalformedError(Exception):
    """The bytes are neither a JSON object nor a form, or not in the encoding that they declare."""


def parse_fields(content_type: str, body: bytes) -> dict[str, object]:
    """The fields of `body`, which is JSON if it begins like JSON, whatever the declared type says, and a form else.

    The encoding is that of the byte order mark, else a declared Chinese one, else UTF-8. Of duplicates the last counts.

    Raises:
        BodyMalformedError: when it can be read in no way.
    """
    encoding, body = _find_encoding(content_type, body)
    if encoding not in {"utf-8", _GB}:
        # A form is split as bytes, and these encodings have bytes that look like its signs.
        encoding, body = "utf-8", _decode(body, encoding).encode()
    if body.lstrip().startswith((b"{", b"[")):
        return _parse_json(_decode(body, encoding))
    if b"=" not in body:
        raise BodyMalformedError
    return parse_form(body, encoding)


def parse_form(form: bytes, encoding: str = "utf-8") -> dict[str, object]:
    """The fields of a form; a name without a value has an empty one.

    Raises:
        BodyMalformedError: a field is not in `encoding`, or there are too many.
    """
    pairs = [pair.partition(b"=") for pair in form.split(b"&") if pair]
    if len(pairs) > MAXIMUM_FIELDS:
        raise BodyMalformedError
    return {_unquote(name, encoding): _unquote(value, encoding) for name, _, value in pairs}


def parse_query(query: bytes) -> dict[str, object]:
    """The first hundred fields of a query string, but for those that cannot be decoded."""
    fields: dict[str, object] = {}
    for pair in query.split(b"&")[:MAXIMUM_FIELDS]:
        with suppress(BodyMalformedError):
            fields |= parse_form(pair)
    return fields


def _find_encoding(content_type: str, body: bytes) -> tuple[str, bytes]:
    """The encoding, and the body without its mark."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return encoding, body.removeprefix(mark)
    declared = _DECLARED.search(content_type)
    return _GB if declared and declared[1].lower() in _GB_LABELS else "utf-8", body


def _parse_json(text: str) -> dict[str, object]:
    try:
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        decoded = _parse_sloppy_json(text)
    if not isinstance(decoded, dict):
        raise BodyMalformedError
    return decoded


def _parse_sloppy_json(text: str) -> object:
    """JSON but for the commas too many, which are never looked for inside strings."""
    try:
        return msgspec.json.decode(_TRAILING_COMMA.sub(r"\1", text))
    except (msgspec.DecodeError, RecursionError) as error:
        raise BodyMalformedError from error


def _unquote(text: bytes, encoding: str) -> str:
    # Decoded when it is whole, since a browser leaves those bytes of a Chinese character unquoted that are letters.
    return _decode(unquote_to_bytes(text.replace(b"+", b" ")), encoding)


def _decode(text: bytes, encoding: str) -> str:
    try:
        return text.decode(encoding)
    except UnicodeDecodeError as error:
        raise BodyMalformedError from error
