"""A lexer that a long text cannot slow down.

graphql-core's lexer looks at every character in Python: 100 KiB of comment or white space takes it 10 to 30 ms.
Here regular expressions jump over what is ignored and over names, and string literals are bounded in sum.
"""

import re
from typing import Final

from graphql import DocumentNode, Lexer, Source, Token, TokenKind
from graphql.language.parser import MAX_NESTING_DEPTH, Parser

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import exceeds, refuse_operation

IGNORED: Final = re.compile(r"(?:[ \t,\ufeff\r\n]++|#[^\r\n]*+)*+")
NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*+")
DIGITS: Final = re.compile(r"[0-9]++")
STRING: Final = re.compile(r'"(?:[^"\\\r\n]++|\\.)*+"?')
BLOCK_STRING: Final = re.compile(r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+(?:""")?')


class QuickLexer(Lexer):
    """Yields the tokens that graphql-core's lexer yields, comments left out, at the same lines and columns."""

    def __init__(self, source: Source, literals_maximum_characters: int) -> None:
        super().__init__(source)
        self._literals_maximum = literals_maximum_characters
        self._literals_length = 0

    def read_next_token(self, start: int) -> Token:
        """Skip what is ignored, then read one token."""
        body = self.source.body
        skipped = IGNORED.match(body, start)
        position = skipped.end() if skipped else start
        if position > start:
            self._count_lines(body, start, position)
        name = NAME.match(body, position)
        if name:
            return self.create_token(TokenKind.NAME, position, name.end(), name.group())
        return super().read_next_token(position)

    def read_digits(self, start: int, first_char: str) -> int:
        """Find the end of a run of digits."""
        digits = DIGITS.match(self.source.body, start)
        return digits.end() if digits else super().read_digits(start, first_char)

    def read_string(self, start: int) -> Token:
        """Read a string literal that the limit allows."""
        self._count_literal(STRING, start)
        return super().read_string(start)

    def read_block_string(self, start: int) -> Token:
        """Read a block string that the limit allows."""
        self._count_literal(BLOCK_STRING, start)
        return super().read_block_string(start)

    def _count_lines(self, body: str, start: int, end: int) -> None:
        feeds, returns = body.count("\n", start, end), body.count("\r", start, end)
        if feeds or returns:
            self.line += feeds + returns - body.count("\r\n", start, end)
            self.line_start = max(body.rfind("\n", start, end), body.rfind("\r", start, end)) + 1

    def _count_literal(self, pattern: re.Pattern[str], start: int) -> None:
        literal = pattern.match(self.source.body, start)
        self._literals_length += literal.end() - start if literal else 0
        if self._literals_length > self._literals_maximum:
            what, maximum = "Characters in string literals of the document", self._literals_maximum
            raise exceeds(EndpointErrorCode.LITERAL_LIMIT_EXCEEDED, what, maximum)


class CountingParser(Parser):
    """Stops at the token after the last that is allowed, before anything is built from it."""

    def __init__(self, source: Source, lexer: QuickLexer, tokens_maximum: int) -> None:
        super().__init__(source, lexer=lexer)
        self._tokens_maximum = tokens_maximum

    def advance_lexer(self) -> None:
        """Take the next token, if there may be one more."""
        super().advance_lexer()
        if self.token_count > self._tokens_maximum:
            code = EndpointErrorCode.TOKEN_LIMIT_EXCEEDED
            raise exceeds(code, "Tokens in the document", self._tokens_maximum)


def parse_document(text: str, *, tokens_maximum: int, literals_maximum_characters: int) -> DocumentNode:
    """Parse `text`, which may have `tokens_maximum` tokens.

    Raises:
        GraphQLSyntaxError: the text is not GraphQL.
        RequestRefusedError: too many tokens, too much text in string literals, or more nesting than is followed.
    """
    source = Source(text)
    lexer = QuickLexer(source, literals_maximum_characters)
    first = lexer.token
    try:
        return CountingParser(source, lexer, tokens_maximum).parse_document()
    except RecursionError:
        pass
    finally:
        _unlink(first)
    message = (
        f"The document is nested too deeply: at most {MAX_NESTING_DEPTH} levels of any kind can be read."
    )
    raise refuse_operation(EndpointErrorCode.DEPTH_LIMIT_EXCEEDED, message)


def _unlink(first: Token) -> None:
    """Take the chain of tokens apart: its rings would leave every document to the garbage collector."""
    token: Token | None = first
    while token is not None:
        following = token.next
        token.prev = token.next = None
        token = following
