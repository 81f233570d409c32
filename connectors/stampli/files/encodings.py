"""Which encoding a file has: by its mark, by its bytes, or by what is set for the connection."""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from connectors.stampli.files.codes import Note, note, rejected

HEAD: Final = 4096
_CHUNK: Final = 1 << 20
_MAGIC: Final = (
    (b"PK\x03\x04", "It is a workbook or another zip archive."),
    (b"PK\x05\x06", "It is an empty zip archive."),
    (b"%PDF-", "It is a PDF."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "It is a workbook or another file of old Office programs."),
    (b"\x1f\x8b", "It is compressed with gzip."),
    (b"-----BEGIN PGP", "It is encrypted with PGP, which is not supported."),
    (codecs.BOM_UTF32_LE, "It is UTF-32."),
    (codecs.BOM_UTF32_BE, "It is UTF-32."),
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_CONTROL: Final = re.compile("[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class Encoding:
    name: str
    proof: str
    notes: tuple[Note, ...] = ()


def forbid_other_kinds(head: bytes) -> None:
    """Raises FileRejected for what is no text by its first bytes."""
    for magic, said in _MAGIC:
        if head.startswith(magic):
            raise rejected("not_text", said)


def encoding_of(stream: BinaryIO, fallback: str, confirmed: str = "") -> Encoding:
    """`confirmed`: the one that a person has seen to be right for such files. Raises FileRejected."""
    stream.seek(0)
    head = stream.read(HEAD)
    for mark, name in _MARKS:
        if head.startswith(mark):
            if not _holds(stream, name):
                raise rejected("undecodable", f"It says that it is {name.removesuffix('-sig').upper()}, and is not.")
            return Encoding(name, "its byte order mark")
    if b"\0" in head:
        return _with_nulls(stream, head)
    if _holds(stream, "utf-8"):
        return Encoding("utf-8", "all bytes are UTF-8")
    return _fallen_back(stream, fallback, confirmed)


def _with_nulls(stream: BinaryIO, head: bytes) -> Encoding:
    even, odd = head[0::2], head[1::2]
    for name, empty, full in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        # A header is of Latin letters, so that every other byte is none; one stray NUL is not enough.
        many = b"\0" not in full and empty.count(0) * 4 >= len(empty)
        if many and not _CONTROL.search(head.decode(name, "ignore")) and _holds(stream, name):
            return Encoding(name, "every other byte is empty", (note("encoding_guessed", f"Read as {name}."),))
    first, _, _ = head.replace(b"\r", b"\n").lstrip(b"\n").partition(b"\n")
    if b"\0" in first or head.count(0) * 32 > len(head):
        raise rejected("not_text", "It has bytes that no text has.")
    if _holds(stream, "utf-8"):
        return Encoding("utf-8", "all bytes are UTF-8")
    raise rejected("not_text", "It has bytes that no text has.")


def _fallen_back(stream: BinaryIO, fallback: str, confirmed: str) -> Encoding:
    for name in filter(None, (confirmed, fallback)):
        # These would hold for anything, or are refuted already.
        if codecs.lookup(name).name in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"):
            continue
        if _holds(stream, name):
            notes = () if name == confirmed else (note("encoding_guessed", f"Read as {name}."),)
            return Encoding(
                name, "confirmed" if name == confirmed else "not UTF-8, and nothing speaks against it", notes
            )
    raise rejected("undecodable", f"It is neither UTF-8 nor {confirmed or fallback}.")


def _holds(stream: BinaryIO, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)("strict")
    stream.seek(0)
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
