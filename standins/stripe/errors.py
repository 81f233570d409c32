"""What the double answers when it refuses: the error body of the API, as an exception."""

from typing import Any


class ApiError(Exception):
    """Refused. `body()` is the JSON the caller sees."""

    def __init__(
        self,
        message: str,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.message, self.status, self.type, self.code, self.param, self.more = (
            message,
            status,
            type,
            code,
            param,
            more,
        )

    def body(self) -> dict[str, Any]:
        error = {"type": self.type, "code": self.code, "message": self.message, "param": self.param, **self.more}
        return {"error": {k: v for k, v in error.items() if v is not None}}


def missing(what: str, id: str) -> ApiError:
    return ApiError(f"No such {what}: '{id}'", 404, code="resource_missing", param="id")


def bad_state(message: str, code: str | None = None) -> ApiError:
    return ApiError(message, 400, code=code)
