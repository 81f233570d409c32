"""Names and numbers compared as people read them."""

import re
import unicodedata

_UNSEEN = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BLANKS = re.compile(r"\s+")


def fold(text: str) -> str:
    """Equal for two texts that look the same: compatibility forms, case and blanks do not count; zeros, punctuation and
    accents do (000771 is not 771)."""
    if text.isascii():
        return " ".join(text.split()).casefold()
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return _BLANKS.sub(" ", plain).strip().casefold()
