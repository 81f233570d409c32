"""Why a document is not carried."""


class Wrong(Exception):
    """`code` is one of the codes of documents; `column` names what it is about."""

    def __init__(self, code: str, said: str = "", *, column: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.said = said
        self.column = column
