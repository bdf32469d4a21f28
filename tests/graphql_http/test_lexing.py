"""The quick lexer yields what graphql-core's yields: tokens, places, documents, complaints."""

import pytest
from graphql import GraphQLSyntaxError, Lexer, Source, Token, TokenKind, ast_to_dict, parse
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphql_http.lexing import QuickLexer, parse_document

PIECES = st.sampled_from(
    [
        *"{}()[]:=!|@$& ,\t\n\r#\"'.-0123eE_aZ中🏃\x00\x7f\ufeff\u2028\\",
        "\r\n", "...", '""', '"""', '\\"""', '"a"', "#c\n", "query", "name", "-1.5e10", "\\n", "\\u0041", "\\u{1F600}",
        "\\ud83c\\udfc3", "\\ud83c", '"\\q"', "00", "1a", "fragment f on T{a}", "{a(b:1)}", "@d(x:[1,2])",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=30)


def tokens_of(lexer: Lexer) -> list[tuple[TokenKind, int, int, int, int, str | None]] | str:
    found: list[Token] = []
    try:
        while not found or found[-1].kind is not TokenKind.EOF:
            found.append(lexer.advance())
    except GraphQLSyntaxError as error:
        return f"{error.message} {error.locations}"
    return [(t.kind, t.start, t.end, t.line, t.column, t.value) for t in found]


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@example("a #c\r\n\r\nb\rc\n\n d")
@example('"""a\r\n b\n"""\n c')
@given(TEXTS)
def test_tokens_are_those_of_graphql_core(text: str) -> None:
    quick = tokens_of(QuickLexer(Source(text), 10**9))

    assert quick == tokens_of(Lexer(Source(text)))


@pytest.mark.parametrize(
    "text",
    [
        'query Q($a: [Int!]! = [1] @d) @x { a: b(c: {d: "e"}, f: E, g: -1.5) { ...F ... on T { h } } }',
        "query { ...F } fragment F on T { i }",
        "#c\n{a #c\n\r b}",
        '{a(b: """\n  x\n    y\n""")}',
    ],
)
def test_document_and_its_locations_are_those_of_graphql_core(text: str) -> None:
    ours = parse_document(text, tokens_maximum=1_000, literals_maximum_characters=1_000)

    assert ast_to_dict(ours, locations=True) == ast_to_dict(parse(text), locations=True)


@pytest.mark.parametrize("text", ["{a", "{a}", "{" * 500, "{a(b: 1)} x"])
def test_no_ring_of_tokens_is_left(text: str) -> None:
    lexer = QuickLexer(Source(text), 100)
    first = lexer.token
    document = parse_document("{a {b}}", tokens_maximum=100, literals_maximum_characters=100)

    assert first.next is None
    assert document.loc is not None
    assert document.loc.start_token.next is None
    assert document.loc.end_token.prev is None
