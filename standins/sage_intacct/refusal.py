"""What a function answers when it will not: one or more errors, the first is the cause.

Numbers and words: sheet 4.3. Numbers marked as placeholders there are placeholders here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Error:
    number: str
    text: str
    correction: str = ""
    title: str = ""


class Refusal(Exception):
    def __init__(self, number: str, text: str, correction: str = "", title: str = "") -> None:
        super().__init__(f"{number} {text}")
        self.errors = [Error(number, text, correction, title)]

    def echoed(self, text: str) -> "Refusal":
        """The catch-all error that the real gateway adds after the cause."""
        self.errors.append(Error("BL01001973", text))
        return self


def invalid(text: str, correction: str = "") -> Refusal:
    return Refusal("BL01001973", text, correction)


def format_wrong(text: str, correction: str = "") -> Refusal:
    return Refusal("BL03000018", text, correction)


def duplicate(kind: str, value: str) -> Refusal:
    # the two blanks before "already" are in the captured text
    return Refusal(
        "BL34000061", f"Another {kind} with the given value(s) {value}  already exists", "Use a unique value instead."
    )


def duplicate_number() -> Refusal:
    return Refusal("BL03002185", "A transaction with that number already exists", "Use a unique number.")


def wrong_state(text: str) -> Refusal:
    return Refusal("BL03002129", text)


def no_record(key: object) -> Refusal:
    return Refusal("DL03000005", f"No record exits for the recordkey {key}")


def overpaid() -> Refusal:
    return invalid("The payment amount exceeds total amount due.")


def no_permission(operation: str, name: str) -> Refusal:
    return format_wrong(f"You do not have permission for API operation {operation} on objects of type {name.lower()}")
