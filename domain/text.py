"""Text for people, in Russian first and English second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One sentence or phrase in both languages the product speaks."""

    ru: str
    en: str

    def in_language(self, language: str) -> str:
        """The wording for ``language`` ("en" gives English, all else Russian)."""
        return self.en if language == "en" else self.ru
