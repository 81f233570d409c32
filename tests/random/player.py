"""Plays a plan in the shop, for one customer, and tells it in words. What the shop refuses is left out."""

from collections.abc import Iterable, Sequence
from typing import Any

import standins.stripe
from standins.stripe.errors import ApiError
from tests.random.plans import NOTES, Plan, Step

Json = dict[str, Any]


class Cannot(Exception):
    """There is nothing that this step could be done to."""


class Player:
    def __init__(self, shop: standins.stripe.Shop, goods: Json, plan: Plan, start: float) -> None:
        """`start`: seconds before now. The shop's clock stands still while a step is played."""
        self.shop, self.goods, self.plan = shop, goods, plan
        self.now = shop.clock.exact() - start
        self.told: list[str] = []
        self._stop()
        self.customer = str(shop.create_customer(name=f"Customer {shop.ids.count}")["id"])
        shop.clock.real()

    def play(self, steps: Iterable[Step]) -> None:
        """Money from elsewhere never comes in the same second as other money: nobody could say which was first."""
        for step in steps:
            alone = int(step.how == "out_of_band")
            self.now += step.hours * 3600 + alone
            self._stop()
            try:
                self.told.append(f"{step}: {getattr(self, f'_{step.do}')(step)}")
            except Cannot:
                pass
            except ApiError as refused:
                self.told.append(f"{step}: refused, {refused}")
            self.now += alone
            self.shop.clock.real()

    def end(self) -> None:
        """Nothing stays half done: bank debits come in, refunds go out, and every charge gets its balance row."""
        self._stop()
        for charge in self._charges("pending"):
            self.shop.finish_debit(charge["id"])
        for charge in self._charges("succeeded"):
            self.shop.release_balance_rows(charge["id"])
        for refund in [one for one in self._mine("refund") if one["status"] == "pending"]:
            self.shop.finish_refund(refund["id"])
        self.shop.clock.real()

    def _stop(self) -> None:
        self.shop.clock.stop(self.now)

    # what there is

    def _mine(self, kind: str) -> list[Json]:
        return [row for row in self.shop.all(kind) if row.get("customer") == self.customer]

    def _invoices(self, *status: str) -> list[Json]:
        return [row for row in self._mine("invoice") if row["status"] in status]

    def _charges(self, *status: str) -> list[Json]:
        return [row for row in self._mine("charge") if row["status"] in status]

    def _rows(self, invoice: Json) -> list[Json]:
        return [row for row in self.shop.all("invoice_payment") if row["invoice"] == invoice["id"]]

    def _paid_by(self, charge: Json) -> list[str]:
        """The invoices that a charge was for, whatever became of it."""
        rows = self.shop.all("invoice_payment")
        return [row["invoice"] for row in rows if row["payment"].get("payment_intent") == charge["payment_intent"]]

    def _notes(self, invoice: str) -> list[Json]:
        return [row for row in self.shop.all("credit_note") if row["invoice"] == invoice and row["status"] != "void"]

    def _unclaimed(self, refund: Json) -> int:
        parts = [p for n in self.shop.all("credit_note") if n["status"] != "void" for p in n["refunds"]]
        return int(refund["amount"] - sum(p["amount_refunded"] for p in parts if p["refund"] == refund["id"]))

    def _room(self, invoice: str) -> int:
        """What neither notes nor loose refunds have taken back yet. Who takes back more must say what it was for."""
        refunds = [r for r in self._mine("refund") if r["status"] in ("succeeded", "pending")]
        refunds = [r for r in refunds if invoice in self._paid_by(self.shop.get("charge", r["charge"]))]
        noted = sum(note["total"] for note in self._notes(invoice))
        return int(self.shop.get("invoice", invoice)["total"] - noted - sum(map(self._unclaimed, refunds)))

    def _refunds(self, invoice: Json) -> list[Json]:
        """Of one invoice, of charges that paid nothing else, and not undone."""
        found = [r for r in self._mine("refund") if r["status"] in ("succeeded", "pending")]
        return [r for r in found if self._paid_by(self.shop.get("charge", r["charge"])) == [invoice["id"]]]

    # invoices

    def _invoice(self, step: Step) -> str:
        lines = [self._line(line) for line in step.lines]
        offs = []
        if step.off:
            offs = [{"percent_off": float(step.off[:-1])} if "%" in step.off else {"amount_off": int(step.off)}]
        shipping = {"amount": step.shipping, "tax": self.goods["on_top"]} if step.shipping else None
        draft = self.shop.create_invoice(self.customer, lines, discounts=offs, shipping=shipping)
        if step.how != "any" and not self._takes(draft):
            self.shop.delete_draft(draft["id"])
            raise Cannot
        made = self.shop.finalize(draft["id"])
        return f"{made['number']} of {made['total']}, due {made['amount_due']}, {made['status']}"

    def _takes(self, draft: Json) -> bool:
        """Not what would be due but is below the smallest charge: its debt goes over into the next invoice. Nor a
        credit whose accounts lie on both sides of zero: one memo cannot hold it, a person decides."""
        due = draft["total"] + self.shop.get("customer", self.customer)["balance"]
        if 0 < due < 50:
            return False
        return draft["total"] >= 0 or (NOTES and max(self._by_account(draft).values()) <= 0)

    def _by_account(self, invoice: Json) -> dict[str, int]:
        sums = {"tax": sum(tax["amount"] for tax in invoice["total_taxes"]), "shipping": invoice["amount_shipping"]}
        for line in (self.shop.get("line_item", one) for one in self.shop.secret(invoice["id"])["lines"]):
            inside = sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "inclusive")
            net = line["amount"] - inside - sum(off["amount"] for off in line["discount_amounts"])
            product = line["pricing"]["price_details"]["product"]
            sums[product] = sums.get(product, 0) + net
        return sums

    def _line(self, line: Any) -> Json:
        tax = {"on_top": ["on_top"], "inside": ["inside"], "both": ["on_top", "inside"]}.get(line.tax, [])
        made: Json = {"amount": line.cents, "tax": [self.goods[name] for name in tax]}
        made |= {"description": line.what, "product": self.goods["setup" if line.what == "setup" else "plan"]}
        made |= {"proration": True} if line.what == "unused" else {}
        return made | ({"discounts": [{"percent_off": line.off}]} if line.off else {})

    def _void(self, step: Step) -> str:
        """Not one that was given up, or for which money is under way; nor one with money or credit on it and a negative
        account: one memo cannot take it back, a person decides. `any` takes them all."""
        found = self._invoices("open", "uncollectible")
        if step.how != "any":
            under_way = {one for charge in self._charges("pending") for one in self._paid_by(charge)}
            found = [
                i for i in found if i["status"] == "open" and not self._notes(i["id"]) and i["id"] not in under_way
            ]
            found = [i for i in found if i["amount_remaining"] == i["total"] or min(self._by_account(i).values()) >= 0]
        invoice = _one(found, step)
        self.shop.void(invoice["id"])
        return f"{invoice['number']}, {invoice['amount_remaining']} was open"

    def _uncollectible(self, step: Step) -> str:
        invoice = _one(self._invoices("open"), step)
        self.shop.mark_uncollectible(invoice["id"])
        return f"{invoice['number']}, {invoice['amount_remaining']} was open"

    def _rename(self, step: Step) -> str:
        self.shop.update_customer(self.customer, name=f"Renamed {step.share}")
        return "renamed"

    def _by_hand(self, step: Step) -> str:
        amount = -step.share if step.how == "credit" else step.share
        self.shop.credit_customer(self.customer, amount)
        return f"balance changed by {amount}"

    # money

    def _pay(self, step: Step) -> str:
        invoice = _one(self._invoices("open", "uncollectible"), step)
        open_, how = invoice["amount_remaining"], step.how
        if invoice["status"] == "uncollectible" and how != "all":
            raise Cannot
        amount = open_
        if how in ("part", "bank", "out_of_band"):
            amount = max(1, open_ * step.share // 1000)
        if how == "over":
            amount = open_ + max(1, open_ * step.share // 1000)
        if how == "out_of_band":
            self.shop.pay_out_of_band(invoice["id"], amount)
            return f"{amount} of {invoice['number']}"
        self.shop.turn(balance_rows="manual" if how == "late_row" else "0")
        try:
            charge = self.shop.pay(invoice["id"], amount, method="bank" if how == "bank" else "card")
        finally:
            self.shop.turn(balance_rows="0")
        return f"{amount} of {invoice['number']} by {charge['id']}"

    def _pay_several(self, step: Step) -> str:
        invoices = self._invoices("open")[:3]
        if len(invoices) < 2:
            raise Cannot
        amounts = {one["id"]: max(1, one["amount_remaining"] * step.share // 1000) for one in invoices}
        amounts[invoices[-1]["id"]] += 777 if step.how == "over" else 0
        charge = self.shop.pay_several(amounts)
        return f"{dict(zip([i['number'] for i in invoices], amounts.values(), strict=True))} by {charge['id']}"

    def _decline(self, step: Step) -> str:
        invoice = _one(self._invoices("open"), step)
        charge = self.shop.pay(invoice["id"], decline="card_declined")
        return f"{charge['id']} for {invoice['number']}"

    def _finish_debit(self, step: Step) -> str:
        charge = _one(self._charges("pending"), step)
        self.shop.finish_debit(charge["id"], ok=step.how == "ok")
        return str(charge["id"])

    def _fail_late(self, step: Step) -> str:
        """A bank debit of which nothing was refunded, that overpaid nothing, on invoices without credit notes."""
        debits = [c for c in self._charges("succeeded") if c["id"].startswith("py") and not c["amount_refunded"]]
        debits = [c for c in debits if self._paid_by(c) and not any(map(self._settled, self._paid_by(c)))]
        charge = _one(debits, step)
        self.shop.release_balance_rows(charge["id"])
        self.shop.fail_late(charge["id"])
        return f"{charge['id']} of {charge['amount']}"

    def _settled(self, invoice: str) -> bool:
        found = self.shop.get("invoice", invoice)
        return bool(self._notes(invoice) or found["amount_overpaid"] or found["status"] in ("void", "uncollectible"))

    def _sale(self, step: Step) -> str:
        charge = self.shop.sell(5000 + step.share, customer=self.customer, method=step.how or "card")
        return f"{charge['amount']} by {charge['id']}"

    # refunds

    def _refund(self, step: Step) -> str:
        """Not while a note of the same invoice was paid out elsewhere: that is probably one return told twice."""
        charges = [c for c in self._charges("succeeded") if self._paid_by(c)]
        twice = [c for c in charges if any(n["out_of_band_amount"] for i in self._paid_by(c) for n in self._notes(i))]
        charge = _one([c for c in charges if c not in twice], step)
        return self._give_back(charge, step, min(map(self._room, self._paid_by(charge))))

    def _refund_sale(self, step: Step) -> str:
        charge = _one([c for c in self._charges("succeeded") if not self._paid_by(c)], step)
        return self._give_back(charge, step, charge["amount"])

    def _give_back(self, charge: Json, step: Step, most: int) -> str:
        left = min(most, charge["amount_captured"] - charge["amount_refunded"])
        if left <= 0:
            raise Cannot
        refund = self.shop.refund(charge["id"], max(1, left * step.share // 1000), status=step.how or "succeeded")
        return f"{refund['id']} of {refund['amount']} from {charge['id']}"

    def _finish_refund(self, step: Step) -> str:
        refund = _one([r for r in self._mine("refund") if r["status"] in ("pending", "succeeded")], step)
        if refund["status"] == "succeeded" and step.how != "failed":
            raise Cannot
        self.shop.finish_refund(refund["id"], step.how)
        return f"{refund['id']} of {refund['amount']}"

    # credit notes

    def _credit_note(self, step: Step) -> str:
        status = ("uncollectible",) if step.how == "given_up" else ("open", "paid")
        invoice = _one([i for i in self._invoices(*status) if i["total"] > 0], step)
        left = self._room(invoice["id"])
        if step.how == "linked":
            left += sum([n for r in self._refunds(invoice) if (n := self._unclaimed(r))][:1])
        if left <= 0:
            raise Cannot
        amount = max(1, left * step.share // 1000)
        after = max(0, amount - invoice["amount_remaining"])
        if step.how == "lines":
            note = self.shop.credit_note(invoice["id"], lines=self._some_lines(invoice, step))
        else:
            note = self.shop.credit_note(invoice["id"], amount, **self._split(invoice, after, step.how))
        back = [(part["refund"], part["amount_refunded"]) for part in note["refunds"]]
        parts = f"before {note['pre_payment_amount']}, after {note['post_payment_amount']}, refunds {back}"
        return f"{note['number']} of {note['total']}: {parts}, out of band {note['out_of_band_amount']}"

    def _some_lines(self, invoice: Json, step: Step) -> list[Json]:
        lines = [self.shop.get("line_item", one) for one in self.shop.secret(invoice["id"])["lines"]]
        line = _one([one for one in lines if one["amount"] > 0], step)
        part = max(1, line["amount"] * step.share // 1000)
        return [{"type": "invoice_line_item", "invoice_line_item": line["id"], "amount": part}]

    def _split(self, invoice: Json, after: int, how: str) -> Json:
        """What is done with the part that had been paid already; what is not said becomes credit of the customer."""
        loose = [r for r in self._refunds(invoice) if self._unclaimed(r)]
        linked = []
        if loose and how == "linked" and after:
            linked = [{"refund": loose[0]["id"], "amount_refunded": min(after, self._unclaimed(loose[0]))}]
        rest = after - sum(int(part["amount_refunded"]) for part in linked)
        split: Json = {"refunds": linked}
        if how == "refund":
            split["refund_amount"] = min(rest, self._refundable(invoice))
        if how == "mixed":
            split["refund_amount"] = min(rest // 2, self._refundable(invoice))
        if how == "out_of_band" and not loose:
            split["out_of_band_amount"] = rest
        return split

    def _refundable(self, invoice: Json) -> int:
        """The newest charge of the invoice gives back; not one that paid other invoices too."""
        rows = [r for r in self._rows(invoice) if r["status"] == "paid" and "payment_intent" in r["payment"]]
        if not rows:
            return 0
        intent = self.shop.get("payment_intent", rows[-1]["payment"]["payment_intent"])
        charge = self.shop.get("charge", intent["latest_charge"])
        return charge["amount_captured"] - charge["amount_refunded"] if len(self._paid_by(charge)) == 1 else 0

    def _void_note(self, step: Step) -> str:
        notes = [n for n in self._mine("credit_note") if n["status"] == "issued"]
        status = "uncollectible" if step.how == "given_up" else "open"
        note = _one([n for n in notes if self.shop.get("invoice", n["invoice"])["status"] == status], step)
        self.shop.void_credit_note(note["id"])
        return f"{note['number']} of {note['total']}"


def _one(found: Sequence[Json], step: Step) -> Json:
    if not found:
        raise Cannot
    return found[step.which % len(found)]
