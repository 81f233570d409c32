"""How Stripe writes money: whole numbers in the minor unit of a currency, by Stripe's own table of decimals.

https://docs.stripe.com/currencies — where it differs from ISO 4217 (MGA, UGX, ISK), Stripe's table is right here.
"""

from decimal import Decimal

from connectors.errors import Refused
from connectors.money import from_minor

# UGX stands in Stripe's list of zero-decimal currencies, yet its amounts are sent with two decimals, always 00.
_NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
_THREE_DECIMALS = "bhd jod kwd omr tnd"
_TWO_DECIMALS = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf cny cop crc
    cve czk dkk dop dzd egp etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd kes kgs
    khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mro mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab
    pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sll sos srd std stn svc szl thb tjs top try ttd twd
    tzs uah ugx usd uyu uzs wst xcd xcg yer zar zmw
"""
EXPONENTS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}


def exponent(currency: str) -> int:
    """The number of decimals of a currency at Stripe. Raises Refused for one that is not in the table."""
    found = EXPONENTS.get(currency.lower())
    if found is None:
        raise Refused(
            f"Stripe sent the currency {currency!r}, whose number of decimals we do not know.",
            code="currency.unknown",
            cause="settings",
            field="currency",
            value=currency,
            cure="Tell support; the currency is added to the table once its decimals are certain.",
        )
    return found


def decimal(minor: int, currency: str) -> Decimal:
    """Minor units as an exact amount: 29767 usd is 297.67, 12000 jpy is 12000."""
    return from_minor(minor, exponent(currency))
