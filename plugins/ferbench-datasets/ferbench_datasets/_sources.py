"""Who gives a dataset out and under what terms: for ``ferbench show`` and for every error. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A dataset as its owners speak of it: ``title``, their terms in short, and where to request it."""

    title: str
    licence: str
    homepage: str

    @property
    def fix(self) -> str:
        """What to do about files that are missing or broken."""
        return (
            f"request {self.title} at {self.homepage} (terms: {self.licence}); "
            "then pass the folder, zip or tar that holds it: --data PATH"
        )


JAFFE = Source("JAFFE", "non-commercial research only; no redistribution", "https://zenodo.org/records/3451524")
CKPLUS = Source(
    "CK+", "non-commercial research only, by signed agreement; no redistribution", "http://www.jeffcohn.net/Resources/"
)
CK48 = Source(
    "CK+48",
    "that of CK+, from which it is cropped: non-commercial research only, by signed agreement; no redistribution",
    CKPLUS.homepage,
)
RAFDB = Source(
    "RAF-DB", "non-commercial research only, by request; no redistribution", "http://www.whdeng.cn/RAF/model1.html"
)
FERPLUS = Source(
    "FER+",
    "votes: MIT; images: FER2013's, by the competition's rules, the photographs remain their owners'",
    "https://github.com/microsoft/FERPlus",
)
AFFECTNET = Source(
    "AffectNet",
    "non-commercial research only, by signed agreement; no redistribution",
    "http://mohammadmahoor.com/pages/databases/affectnet/",
)
MMI = Source("MMI", "research only, by signed agreement; no redistribution", "https://mmifacedb.eu")
WIDERFACE = Source(
    "WIDER FACE",
    "CC BY-NC-ND 4.0, non-commercial research only; the photographs remain their owners'",
    "http://shuoyang1213.me/WIDERFACE/",
)
