"""How the portal looks where the theme asks for it."""

from django.http import HttpRequest

ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='%234338ca'/>"
    "<path d='M7 12h15l-4-4m7 12H10l4 4' fill='none' stroke='white' stroke-width='2.6'/></svg>"
)
SHADES = {
    "50": "oklch(96.2% .018 272.314)",
    "100": "oklch(93% .034 272.788)",
    "200": "oklch(87% .065 274.039)",
    "300": "oklch(78.5% .115 274.713)",
    "400": "oklch(67.3% .182 276.935)",
    "500": "oklch(58.5% .233 277.117)",
    "600": "oklch(51.1% .262 276.966)",
    "700": "oklch(45.7% .24 277.023)",
    "800": "oklch(39.8% .195 277.366)",
    "900": "oklch(35.9% .144 278.697)",
    "950": "oklch(25.7% .09 281.288)",
}


def favicon(request: HttpRequest) -> str:
    """Inside the page, so that no request goes out for it."""
    return f"data:image/svg+xml,{ICON}"


def primary(request: HttpRequest) -> dict[str, str]:
    return dict(SHADES)
