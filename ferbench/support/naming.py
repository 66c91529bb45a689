"""Names of folders and files, on any system."""

from collections.abc import Iterable

FOLDER_NAME = r"^[A-Za-z0-9]([A-Za-z0-9 ._+=-]{0,98}[A-Za-z0-9_+=-])?$"
"""What may name a folder or a file on any system."""


def distinct_names(names: Iterable[tuple[str, str]]) -> list[str]:
    """File names from (stem, suffix), in their order; one that is taken gets a number: a.png, a-2.png, a-3.png."""
    distinct: dict[str, None] = {}
    for stem, suffix in names:
        name = f"{stem}{suffix}"
        number = 1
        while name in distinct:
            number += 1
            name = f"{stem}-{number}{suffix}"
        distinct[name] = None
    return list(distinct)
