"""Ids that look real and repeat under a seed: a hash of the seed and a running number."""

import hashlib
import secrets

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHORT = {"cus": 14, "prod": 14, "we": 24, "evt": 24}


class Ids:
    def __init__(self, seed: str | None = None, count: int = 0) -> None:
        self.seed = seed or secrets.token_hex(8)
        self.count = count

    def new(self, prefix: str) -> str:
        return f"{prefix}_{self.text(_SHORT.get(prefix, 24))}"

    def text(self, length: int) -> str:
        self.count += 1
        number = int.from_bytes(hashlib.sha512(f"{self.seed}:{self.count}".encode()).digest(), "big")
        letters = []
        for _ in range(length):
            number, rest = divmod(number, 62)
            letters.append(_DIGITS[rest])
        return "".join(letters)
