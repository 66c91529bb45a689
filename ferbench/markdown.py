"""Text that goes into generated Markdown."""

from __future__ import annotations


def safe(text: str) -> str:
    """Text that cannot become markup or break a table."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    for character in "\\`|<>[]*_":
        plain = plain.replace(
            character, f"\\{character}" if character not in "<>" else ("&lt;", "&gt;")[character == ">"]
        )
    return plain


def code(text: str) -> str:
    """Text as a code span that cannot end early or break a table."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return f"`{plain.replace('`', chr(39)).replace('|', chr(92) + '|')}`"
