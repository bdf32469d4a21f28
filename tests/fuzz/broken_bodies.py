"""Well-framed requests with bodies that are not what they should be: JSON oddities and odd multipart."""

from random import Random

from tests.fuzz.attempts import (
    BOUNDARY,
    GRAPHQL_BODIES,
    PNG,
    REST_BODIES,
    Attempt,
    Visitor,
    avatar_upload,
    end_of_parts,
    graphql_upload,
    json_bytes,
    multipart_type,
    part,
    request,
)

# Texts of JSON values, or of what a careless writer takes for one.
_JSON_VALUES = (
    b"null",
    b"true",
    b"0",
    b"-0",
    b"-0.0",
    b"1e999",
    b"1e-999",
    b"9" * 5000,
    b"1." + b"9" * 5000,
    b"18446744073709551616",
    b"NaN",
    b"Infinity",
    b"[]",
    b"{}",
    b"[" * 50_000,
    b"[" * 20_000 + b"]" * 20_000,
    b'{"a":' * 9000 + b"1" + b"}" * 9000,
    b'""',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\u0000"',
    b'"\x00"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\n"',
    b'"\\x41"',
    b'"' + b"a" * 60_000 + b'"',
    b'"' + "\U0001f600\u202e\u200f".encode() * 50 + b'"',
    b'"' + "ﬀ\u0130\u1e9e".encode() * 12 + b'"',
    b'"' + "\u0345\u0300".encode() * 20 + b'"',
    b'"+86 187-3600-8450"',
    b'"tel:+86-187;ext=1;phone-context=x"',
    b'"\xef\xbc\x8b\xef\xbc\x98\xef\xbc\x96\xef\xbc\x911"',
    b'"11010519491331002X"',
    b'"\xef\xbc\x911010519491231002X"',
    b'"' + "٣".encode() * 18 + b'"',
    b"'a'",
    b"undefined",
    b"1,",
    b"/**/1",
    b"01",
)
_WHOLE_BODIES = (
    b"",
    b" ",
    b"\x00",
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    "{}".encode("utf-32"),
    b"{}{}",
    b"{} x",
    b"[{}]",
    b"[" * 99_000,
    b"a=1&a=2&%ff=%00",
    b"a",
    b"=&" * 300,
    b"%",
    b"mobile=%ed%a0%80&password=%00",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
)
_CONTENT_TYPES = (
    b"application/json",
    b"application/json; charset=UTF-8",
    b"application/x-www-form-urlencoded",
    b"text/plain",
    b"multipart/form-data",
    b"multipart/form-data; boundary=boundary42",
    b"multipart/mixed; boundary=boundary42",
    b"application/graphql",
    b"\xff/\xfe",
    b";;;=",
)
_BOUNDARIES = (
    b"",
    b'""',
    b'"',
    b"a" * 69,
    b"a" * 71,
    b"b" * 9000,
    b"\xff\xfe",
    b'"with space"',
    b'"quo\\"ted"',
    b"boundary42; boundary=other",
    b"boundary42; charset=utf-7",
    b"boundary42; charset=idna",
    b"boundary42; charset=undefined",
    b"boundary42; charset=unicode_escape",
    b"boundary42; charset=hex",
    b"boundary42; charset=utf-16",
    b"boundary42; charset=\xff",
    b"boundary42; charset=a.b",
    b"boundary42; charset=../../x",
    b"boundary*=utf-8''boundary42",
    b"boundary*0=bound; boundary*1=ary42",
)
_PART_HEADS = (
    b"",
    b"Content-Disposition: form-data",
    b"Content-Disposition: form-data; name=",
    b'Content-Disposition: form-data; name=""',
    b'Content-Disposition: form-data; name="avatar"; filename=""',
    b"Content-Disposition: form-data; name=avatar; filename*=utf-8''%ff%00.png",
    b"Content-Disposition: form-data; name*=utf-7''avatar; filename=a",
    b'Content-Disposition: form-data; name="avatar"; filename="../../../etc/passwd"',
    b'Content-Disposition: form-data; name="avatar"; filename="' + b"a" * 9000 + b'"',
    b'Content-Disposition: form-data; name="avatar"; filename="a\x00b"',
    b'Content-Disposition: form-data; name="\xff\xfe"; filename="\xff"',
    b'Content-Disposition: attachment; name="avatar"; filename="a"',
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\nContent-Transfer-Encoding: base64',
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\nContent-Length: 99999',
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\nX: ' + b"a" * 100_000,
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\n' + b"X: 1\r\n" * 5000 + b"Y: 1",
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\nno colon',
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\n folded: 1',
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\n\xff: \xff',
    b'content-disposition: form-data; name="operations"',
    b'Content-Disposition: form-data; name="avatar"; filename="a"\r\nContent-Type: multipart/mixed; boundary=inner',
)
_OPERATIONS = (
    b"",
    b"null",
    b"[]",
    b'[{"query":"{me{id}}"}]',
    b'{"query":null}',
    b'{"query":"mutation($f:Upload!){uploadAvatar(input:{image:$f}){errors{code}}}","variables":{"f":[null]}}',
    b'{"query":"mutation($f:Upload!){uploadAvatar(input:{image:$f}){errors{code}}}","variables":null}',
    b'{"query":"{me{id}}","variables":{"f":null}}',
    b'{"query":"query($f:Upload){me{id}}","variables":{"f":null}}',
    b'{"query":"mutation($i:UpdateNameInput!){updateName(input:$i){errors{code}}}","variables":{"i":{"name":null}}}',
    b'{"query":"mutation($i:CreateCaptchaInput){createCaptcha(input:$i){errors{code}}}","variables":{"i":null}}',
)
_MAPS = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"0":[]}',
    b'{"0":null}',
    b'{"0":"variables.f"}',
    b'{"0":["variables.f","variables.f"]}',
    b'{"0":["variables"]}',
    b'{"0":["query"]}',
    b'{"0":["variables.f.0"]}',
    b'{"0":["variables.i.name"]}',
    b'{"0":["variables.i"]}',
    b'{"0":["variables.f.99999"]}',
    b'{"0":["variables.\xe2\x91\xa0"]}',
    b'{"0":["variables.__class__"]}',
    b'{"0":["variables..f"]}',
    b'{"0":["variables.f"],"1":["variables.f"]}',
    b'{"\\u0000":["variables.f"]}',
    b'{"0":["variables.f"]' + b',"a":["variables.f"]' * 500 + b"}",
)


def json_field(rng: Random, visitor: Visitor) -> Attempt:
    """A REST body with one field of another kind, there twice, or beside fields that nobody knows."""
    target, fields = rng.choice(list(REST_BODIES.items()))
    chosen = rng.choice(list(fields))
    texts = {json_bytes(name): json_bytes(value) for name, value in fields.items()}
    texts[json_bytes(chosen)] = rng.choice(_JSON_VALUES)
    pairs = [name + b":" + text for name, text in texts.items()]
    if rng.random() < 0.3:
        pairs.append(json_bytes(chosen) + b":" + rng.choice(_JSON_VALUES))
    body = b"{" + b",".join(pairs) + b"}"
    return _post("REST field", rng, visitor, target, body)


def json_parameter(rng: Random, visitor: Visitor) -> Attempt:
    """A GraphQL body with one parameter, or one variable, of another kind."""
    asked = rng.choice(GRAPHQL_BODIES)
    odd = rng.choice(_JSON_VALUES)
    texts = {name.encode(): json_bytes(value) for name, value in asked.items()}
    if b"variables" in texts or rng.random() < 0.6:
        inner = rng.choice(
            (b"name", b"mobile", b"password", b"realName", b"idNumber", b"tokenDelivery", b"x")
        )
        texts[b"variables"] = rng.choice((odd, b'{"i":%b}' % odd, b'{"i":{"%b":%b}}' % (inner, odd)))
    else:
        texts[rng.choice((b"query", b"operationName", b"extensions", b"id", b"documentId"))] = odd
    body = b"{" + b",".join(b'"' + name + b'":' + text for name, text in texts.items()) + b"}"
    return Attempt(
        "GraphQL parameter",
        (request(visitor, b"/graphql", body, (b"Content-Type", b"application/json")),),
        must_answer=True,
    )


def whole_body(rng: Random, visitor: Visitor) -> Attempt:
    """A body that is something else altogether."""
    target = rng.choice((*REST_BODIES, b"/graphql", b"/api/profile/avatar"))
    return _post("whole body", rng, visitor, target, rng.choice(_WHOLE_BODIES + _JSON_VALUES))


def boundary(rng: Random, visitor: Visitor) -> Attempt:
    """A proper upload whose declared boundary or charset is odd."""
    target, body = _upload(rng)
    kind = multipart_type(rng.choice(_BOUNDARIES))
    return Attempt("boundary", (request(visitor, target, body, kind),), must_answer=True)


def odd_part(rng: Random, visitor: Visitor) -> Attempt:
    """A part with an odd head, before, after or instead of the right ones."""
    target, body = _upload(rng)
    odd = b"--" + BOUNDARY + b"\r\n" + rng.choice(_PART_HEADS) + b"\r\n\r\n" + PNG + b"\r\n"
    proper = body.removesuffix(end_of_parts())
    body = rng.choice((odd, odd + proper, proper + odd, odd * rng.choice((2, 120)))) + end_of_parts()
    return Attempt("odd part", (request(visitor, target, body, multipart_type()),), must_answer=True)


def cut_parts(rng: Random, visitor: Visitor) -> Attempt:
    """An upload that is cut off, run together, with bare line feeds, or with more before and after it."""
    target, body = _upload(rng)
    change = rng.randrange(6)
    if change == 0:
        body = body[: rng.randrange(len(body))]
    elif change == 1:
        place = rng.randrange(len(body))
        body = body[:place] + body[place + rng.randint(1, 30) :]
    elif change == 2:
        body = body.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\r\n")), rng.randint(1, 20))
    elif change == 3:
        body = b"preamble\r\n" * rng.randrange(100) + body + b"epilogue" * rng.randrange(100)
    elif change == 4:
        body = body + body
    else:
        body = body.replace(
            BOUNDARY, rng.choice((b"Boundary42", b"boundary42 ", b"boundary4", b"--boundary42")), 1
        )
    return Attempt("cut parts", (request(visitor, target, body, multipart_type()),), must_answer=True)


def upload_rules(rng: Random, visitor: Visitor) -> Attempt:
    """A GraphQL upload whose `operations` or `map` break the rules, or stand in another order."""
    operations = part(b"operations", rng.choice(_OPERATIONS + _JSON_VALUES))
    places = part(b"map", rng.choice(_MAPS + _JSON_VALUES[:16]))
    parts = [operations, places, part(b"0", PNG, b"a.png")]
    if rng.random() < 0.2:
        rng.shuffle(parts)
    if rng.random() < 0.2:
        parts.append(rng.choice(parts))
    body = b"".join(parts) + end_of_parts()
    return Attempt("upload rules", (request(visitor, b"/graphql", body, multipart_type()),), must_answer=True)


def _upload(rng: Random) -> tuple[bytes, bytes]:
    if rng.random() < 0.5:
        return b"/api/profile/avatar", avatar_upload()
    return b"/graphql", graphql_upload()


def _post(family: str, rng: Random, visitor: Visitor, target: bytes, body: bytes) -> Attempt:
    kind = (b"Content-Type", rng.choice(_CONTENT_TYPES))
    return Attempt(family, (request(visitor, target, body, kind),), must_answer=True)


FAMILIES = (
    json_field,
    json_field,
    json_parameter,
    json_parameter,
    whole_body,
    boundary,
    odd_part,
    cut_parts,
    upload_rules,
)
