"""ID numbers for tests, made by a reckoning of their own: nothing here calls what is tested."""

# GB 11643-1999, table of weights and of check characters.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"


def id_number(body: str) -> str:
    """The number that begins with these 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return body + _CHECK_CHARACTERS[total % 11]
