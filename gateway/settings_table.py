"""The tables of settings for `docs/settings.md`, made from `Settings` itself.

`python -m gateway.settings_table` writes them between the two marks of the page.
"""

from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gateway.settings import Settings
from gateway.settings_groups import DEVELOPMENT_SECRET_KEYS, Group

PAGE = Path(__file__).parents[1] / "docs/settings.md"
BEGIN = "<!-- settings: made by python -m gateway.settings_table -->"
END = "<!-- end of settings -->"

_UNITS = {
    "bytes": "bytes",
    "kib": "KiB",
    "seconds": "seconds",
    "days": "days",
}


def render_settings_tables() -> str:
    """Each group of settings under a heading, with what it is about and its table in Markdown."""
    return "\n\n".join(_render_group(group) for group in Settings.groups().values())


def replace_settings_tables(page: str) -> str:
    """`page` with fresh tables between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{render_settings_tables()}\n\n{END}{after}"


def _render_group(group: type[Group]) -> str:
    title, _, about = (group.__doc__ or "").partition(": ")
    lines = [
        f"## {title}",
        "",
        f"{about[:1].upper()}{about[1:]}",
        "",
        "| variable | default | unit, or values | what it does |",
        "|---|---|---|---|",
    ]
    for variable, field in group.variables().items():
        cells = (f"`{variable}`", _default(field), _values(variable, field), field.description or "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _default(field: FieldInfo) -> str:
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value == DEVELOPMENT_SECRET_KEYS:
        return "a development key"
    if value is None or value in {"", ()}:
        return "none"
    if isinstance(value, bool):
        return f"`{_switch(is_on=value)}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


def _values(variable: str, field: FieldInfo) -> str:
    """The unit from the name's last word; the allowed values; or the range."""
    types = [part for part in (get_args(field.annotation) or (field.annotation,)) if part is not NoneType]
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in types)
    if types == [bool]:
        return f"`{_switch(is_on=True)}`, `{_switch(is_on=False)}`"
    if types != [int]:
        return "path" if types == [Path] else "text"
    return f"{_range(field)} {_UNITS.get(variable.rpartition('_')[2].lower(), '')}".rstrip()


def _range(field: FieldInfo) -> str:
    bounds = {
        name: getattr(part, name) for part in field.metadata for name in ("ge", "le") if hasattr(part, name)
    }
    return f"{bounds['ge']} to {bounds['le']}" if "le" in bounds else f"{bounds['ge']} or more"


def _switch(*, is_on: bool) -> str:
    return "true" if is_on else "false"


if __name__ == "__main__":
    PAGE.write_text(replace_settings_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
