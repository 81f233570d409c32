"""What may happen to one customer, drawn at random: a plan of steps that knows nothing of the shop it is played in.

A step says what is tried, on which of the things that are there (`which`, counted round), how much of it (`share`, in
thousandths) and how long after the step before (`hours`; 0 is the same second).
"""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from connectors.integrations.stripe_intacct import FLOWS

HAS = {flow.key for flow in FLOWS}
"""Steps whose flow is not built yet are not drawn."""
NOTES = {"credit_note", "application"} <= HAS


@dataclass(frozen=True)
class Line:
    cents: int
    what: str = "plan"  # setup has an account of its own; unused is a proration
    tax: str = ""  # on_top, inside, both
    off: int = 0  # per cent, of this line alone


@dataclass(frozen=True)
class Step:
    do: str
    how: str = ""
    which: int = 0
    share: int = 1000
    hours: int = 0
    lines: tuple[Line, ...] = field(default=(), repr=True)
    off: str = ""  # of the whole invoice: "10%", "100%" or cents
    shipping: int = 0

    def __str__(self) -> str:
        shown = [self.do, self.how, f"#{self.which}" if self.which else ""]
        shown += [f"{self.share / 10:g}%" if self.share != 1000 else "", f"after {self.hours} h" if self.hours else ""]
        shown += [f"{line.what} {line.cents} {line.tax} -{line.off}%" for line in self.lines]
        return " ".join(part for part in [*shown, self.off and f"off {self.off}"] if part)


Plan = tuple[Step, ...]

CENTS = st.one_of(st.integers(100, 60000), st.sampled_from([100, 333, 3333, 9999, 10000, 29767, 100000]))
SHARES = st.one_of(st.sampled_from([1000, 500, 250, 333]), st.integers(1, 1000))
HOURS = st.one_of(st.just(0), st.integers(0, 72))
WHICH = st.integers(0, 3)
TAXES = st.sampled_from(["", "", "on_top", "on_top", "inside", "both"])

sold = st.builds(Line, CENTS, st.sampled_from(["plan", "plan", "setup"]), TAXES, st.sampled_from([0, 0, 0, 15]))
unused = st.builds(Line, CENTS.map(lambda cents: -cents), st.just("unused"), TAXES)
lines = st.one_of(
    st.lists(sold, min_size=1, max_size=3),
    st.tuples(sold, sold, unused).map(list),
    st.tuples(sold, unused).map(list),
    st.just([Line(0)]),
).map(tuple)


def step(do: str, *how: str) -> st.SearchStrategy[Step]:
    return st.builds(Step, st.just(do), st.sampled_from(how or ("",)), WHICH, SHARES, HOURS)


invoice = st.builds(
    Step,
    st.just("invoice"),
    hours=HOURS,
    lines=lines,
    off=st.sampled_from(["", "", "", "10%", "33.333%", "500", "100%"]),
    shipping=st.sampled_from([0, 0, 0, 795]),
)
paid = step("pay", "all", "all", "part", "part", "over", "bank", "late_row", "out_of_band")


def offered() -> list[st.SearchStrategy[Step]]:
    """The kinds of steps, often ones several times."""
    kinds = [*[invoice] * 3, *[paid] * 6]
    kinds += [step("pay_several", "", "over"), step("decline"), step("rename"), step("finish_debit", "ok", "ok", "no")]
    refund = step("refund", "", "", "pending")
    kinds += [refund, refund, step("finish_refund", "succeeded", "failed", "failed", "canceled")]
    if NOTES:
        kinds += [step("credit_note", "credit", "refund", "linked", "out_of_band", "lines")] * 4
        kinds += [step("void_note"), step("void_note", "given_up"), step("credit_note", "given_up")]
    if "sale" in HAS:
        kinds += [step("sale", "", "bank"), step("refund_sale", "", "pending")]
    if {"void", "write_off", "recovery", "unapplication", "payment_failure"} <= HAS:
        kinds += [step("void"), step("uncollectible"), step("fail_late")]
    if "balance" in HAS:
        kinds += [step("by_hand", "credit")]
    return kinds


first = st.tuples(invoice, paid)
more = st.lists(st.sampled_from(offered()).flatmap(lambda kind: kind), min_size=1, max_size=12)
plans: st.SearchStrategy[Plan] = st.builds(lambda begun, then: (*begun, *then), first, more)
