// The official SDK for Node, as it comes. Writes what it was told as one JSON object.
//   story ADDRESS   signs in at this gateway, creates and reads
//   payables ADDRESS   the same of vendors, bills, their payments, credits and orders
//   parse FILES     reads answers from files
// The SDK speaks to hosts of the vendor only; the suffix that it demands is turned here.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const sdk = require("@intacct/intacct-sdk");
require("@intacct/intacct-sdk/dist/Credentials/Endpoint").default.DOMAIN_NAME = "0.0.1";

const { AccountsReceivable: AR, AccountsPayable: AP, Common, GeneralLedger: GL, Purchasing: PO } = sdk.Functions;
const { Query, QueryFilter, QuerySelect, QueryOrderBy } = Common.NewQuery;
const [what, ...given] = process.argv.slice(2);
const mine = {
  endpointUrl: given[0],
  senderId: "ml_sender",
  senderPassword: "sender-demo",
  companyId: "ACME-DEMO",
  userId: "ml_connector",
  userPassword: "user-demo",
};

const made = (object, fields) => Object.assign(object, fields);
const config = (changes) => made(new sdk.ClientConfig(), { ...mine, ...changes });
const asked = (changes) => made(new sdk.RequestConfig(), { controlId: "ml-sdk", uniqueId: true, ...changes });
const shown = (result) => ({
  status: result.status,
  control: result.controlId,
  name: result.functionName,
  key: result.key,
  data: result.data,
  count: result.count,
  total: result.totalCount,
  remaining: result.numRemaining,
  errors: result.errors,
});

const thrown = async (call) => {
  try {
    await call();
    return { name: "nothing was thrown" };
  } catch (error) {
    return { name: error.constructor.name, message: error.message, errors: error.errors };
  }
};

const customer = (control, id, name) =>
  made(new AR.CustomerCreate(control), {
    customerId: id,
    customerName: name,
    printAs: name,
    primaryEmailAddress: "ar@mueller.example",
    addressLine1: "Ringstraße 1",
    city: "Wien",
    zipPostalCode: "1010",
    country: "Austria",
    paymentTerm: "Net 30",
  });

const line = (transactionAmount, glAccountNumber) =>
  made(new AR.InvoiceLineCreate(), { glAccountNumber, transactionAmount, locationId: "US-100", memo: "Plan A" });

const invoice = (control, number, lines) =>
  made(new AR.InvoiceCreate(control), {
    customerId: "C-SDK",
    transactionDate: new Date("2026-01-15T00:00:00Z"),
    dueDate: new Date("2026-02-14T00:00:00Z"),
    invoiceNumber: number,
    description: "Line\tone\nline two & <three>",
    lines,
  });

const credit = () =>
  made(new AR.ArAdjustmentCreate("f-memo"), {
    customerId: "C-SDK",
    transactionDate: new Date("2026-01-22T00:00:00Z"),
    adjustmentNumber: "CN-SDK-1",
    lines: [
      made(new AR.ArAdjustmentLineCreate(), { glAccountNumber: "40000", transactionAmount: -20, locationId: "US-100" }),
    ],
  });

const receipt = (invoiceKey) =>
  made(new AR.ArPaymentCreate("f-receipt"), {
    customerId: "C-SDK",
    transactionPaymentAmount: 100.1,
    bankAccountId: "STRIPE-USD",
    referenceNumber: "ch_sdk_1",
    receivedDate: new Date("2026-01-20T00:00:00Z"),
    paymentMethod: "EFT",
    applyToTransactions: [made(new AR.ArPaymentItem(), { applyToRecordId: invoiceKey, amountToApply: 100.1 })],
  });

const entry = (glAccountNumber, transactionAmount) =>
  made(new GL.JournalEntryLineCreate(), { glAccountNumber, transactionAmount, locationId: "US-100", memo: "fee" });

const journal = () =>
  made(new GL.JournalEntryCreate("f-journal"), {
    journalSymbol: "GJ",
    postingDate: new Date("2026-01-31T00:00:00Z"),
    description: "Fees of a payout",
    referenceNumber: "po_sdk_1",
    lines: [entry("62500", 29.5), entry("10210", -29.5)],
  });

const query = (object, fields, filter, pageSize, offset) =>
  new Query("q-" + object)
    .assignFromObject(object)
    .assignSelectFields(new QuerySelect.SelectBuilder().addFields(fields).selects)
    .assignFilter(filter)
    .assignOrderBy(new QueryOrderBy.OrderBuilder().addAscending("RECORDNO").orders)
    .assignPageSize(pageSize)
    .assignOffset(offset);

const of = (field, value) => new QueryFilter.Filter(field).equalTo(value);

async function story() {
  const told = {};
  const signedIn = await sdk.SessionProvider.factory(config());
  told.session = { id: signedIn.sessionId, endpoint: signedIn.endpointUrl, until: signedIn.sessionTimeout };
  const client = new sdk.OnlineClient(signedIn);
  const run = async (call, changes) => shown((await client.execute(call, asked(changes))).results[0]);

  told.customer = await run(customer("f-customer", "C-SDK", "Müller & Söhne <Wien>"));
  told.invoice = await run(invoice("f-invoice", "IN-SDK-1", [line(100.1, "40000"), line(20, "40200")]));
  told.memo = await run(credit());
  told.receipt = await run(receipt(Number(told.invoice.key)));
  told.journal = await run(journal());

  const both = new QueryFilter.AndOperator([of("RECORDID", "IN-SDK-1"), of("CUSTOMERID", "C-SDK")]);
  const names = ["RECORDNO", "RECORDID", "TOTALDUE", "DESCRIPTION"];
  told.query = await run(query("ARINVOICE", names, both, 100, 0), { uniqueId: false });
  const active = of("STATUS", "active");
  told.pages = [];
  for (const offset of [0, 2]) {
    told.pages.push(await run(query("GLACCOUNT", ["ACCOUNTNO"], active, 2, offset), { uniqueId: false }));
  }
  told.unknownField = await thrown(() => run(query("ARINVOICE", ["INVOICENO"], both, 1, 0), { uniqueId: false }));

  const byQuery = made(new Common.ReadByQuery("f-rbq"), { objectName: "GLACCOUNT", pageSize: 2 });
  const first = (await client.execute(byQuery, asked({ uniqueId: false }))).results[0];
  const more = made(new Common.ReadMore("f-more"), { resultId: first.resultId });
  told.readMore = [shown(first), await run(more, { uniqueId: false })];
  const read = made(new Common.Read("f-read"), { objectName: "ARINVOICE", keys: [Number(told.invoice.key)] });
  told.read = await run(read, { uniqueId: false });
  told.lookup = await run(made(new Common.Lookup("f-lookup"), { objectName: "GLBATCH" }), { uniqueId: false });

  told.sameControl = await thrown(() => run(customer("f-customer", "C-SDK", "Müller & Söhne <Wien>")));
  told.sameNumber = await thrown(() => run(customer("f-other", "C-SDK", "Another")));
  const good = customer("f-good", "C-GOOD", "Good");
  const bad = invoice("f-bad", "IN-SDK-2", [line(5, "99999")]);
  told.apart = (await client.executeBatch([good, bad], asked())).results.map(shown);
  const gone = customer("f-gone", "C-GONE", "Gone");
  told.together = await thrown(() => client.executeBatch([gone, bad], asked({ transaction: true })));

  const sessionOf = (changes) => thrown(() => sdk.SessionProvider.factory(config(changes)));
  told.wrongPassword = await sessionOf({ userPassword: "wrong" });
  told.wrongSender = await sessionOf({ senderPassword: "wrong" });
  const lost = new sdk.OnlineClient(config({ sessionId: "no-such-session", userId: null, userPassword: null }));
  told.wrongSession = await thrown(() => lost.execute(customer("f-lost", "C-LOST", "Lost"), asked()));
  return told;
}

const billed = (glAccountNumber, transactionAmount) =>
  made(new AP.BillLineCreate(), { glAccountNumber, transactionAmount, locationId: "US-100", memo: "Paper" });

const bill = (control, billNumber, lines) =>
  made(new AP.BillCreate(control), {
    vendorId: "V-SDK",
    transactionDate: new Date("2026-01-10T00:00:00Z"),
    dueDate: new Date("2026-02-09T00:00:00Z"),
    billNumber,
    referenceNumber: "PO-12",
    lines,
  });

const vendorCredit = () =>
  made(new AP.ApAdjustmentCreate("f-credit"), {
    vendorId: "V-SDK",
    transactionDate: new Date("2026-01-18T00:00:00Z"),
    adjustmentNumber: "CM-SDK-1",
    billNumber: "B-SDK-1",
    lines: [
      made(new AP.ApAdjustmentLineCreate(), { glAccountNumber: "60100", transactionAmount: -50, locationId: "US-100" }),
    ],
  });

const paid = (control, documentNo, recordNo, paymentAmount) => {
  const details = new AP.ApPaymentDetailBuilder();
  details.addApPaymentDetailBill(made(new AP.ApPaymentDetailBillInfo(), { recordNo, paymentAmount }));
  const info = made(new AP.ApPaymentInfo(), {
    paymentMethod: "EFT",
    financialEntityId: "BOA-OPER",
    vendorId: "V-SDK",
    documentNo,
    paymentDate: new Date("2026-02-01T00:00:00Z"),
    transactionCurrency: "USD",
    apPaymentDetails: details.getApPaymentDetailList(),
  });
  return new AP.ApPaymentCreate(info, control);
};

const order = () =>
  made(new PO.PurchasingTransactionCreate("f-order"), {
    transactionDefinition: "Purchase Order",
    transactionDate: new Date("2026-01-05T00:00:00Z"),
    dueDate: new Date("2026-02-04T00:00:00Z"),
    vendorId: "V-SDK",
    referenceNumber: "REQ-4",
    state: "Pending",
    lines: [
      made(new PO.PurchasingTransactionLineCreate(), {
        itemId: "PAPER-A4",
        quantity: 10,
        unit: "Each",
        price: 4.5,
        locationId: "US-100",
      }),
    ],
  });

async function payables() {
  const told = {};
  const client = new sdk.OnlineClient(await sdk.SessionProvider.factory(config()));
  const run = async (call) => shown((await client.execute(call, asked())).results[0]);
  const vendor = { vendorId: "V-SDK", vendorName: "Papier & Söhne AG", printAs: "Papier", doNotPay: true };
  told.vendor = await run(made(new AP.VendorCreate("f-vendor"), vendor));
  told.bill = await run(bill("f-bill", "B-SDK-1", [billed("60100", 250.75), billed("60200", 100)]));
  told.wrong = await run(bill("f-wrong", "B-SDK-2", [billed("60100", 7)]));
  told.credit = await run(vendorCredit());
  told.payment = await run(paid("f-payment", "EFT-1", Number(told.bill.key), 350.75));
  const key = Number(told.payment.data[0].RECORDNO);
  told.tooMuch = await thrown(() => run(paid("f-over", "EFT-2", Number(told.bill.key), 1)));
  told.paidBill = await thrown(() =>
    run(made(new AP.BillReverse("f-no"), { recordNo: Number(told.bill.key), reverseDate: new Date("2026-03-01Z") })),
  );
  told.void = await run(AP.ApPaymentFactory.create(AP.AbstractApPaymentFunction.VOID, key, "f-void"));
  const reverse = { recordNo: Number(told.wrong.key), reverseDate: new Date("2026-03-01T00:00:00Z"), memo: "twice" };
  told.reversal = await run(made(new AP.BillReverse("f-reverse"), reverse));
  told.order = await run(order());
  const close = { documentNumber: told.order.key, state: "Closed" };
  told.close = await run(made(new PO.PurchasingTransactionUpdate("f-close"), close));
  return told;
}

async function parse() {
  const Response = sdk.Xml.OnlineResponse;
  const read = async (file) => {
    try {
      return { results: new Response(fs.readFileSync(file, "utf8")).results.map(shown) };
    } catch (error) {
      return { thrown: error.constructor.name, message: error.message };
    }
  };
  return Object.fromEntries(await Promise.all(given.map(async (file) => [path.basename(file), await read(file)])));
}

({ story, payables, parse })[what]().then(
  (told) => process.stdout.write(JSON.stringify(told)),
  (error) => {
    process.stderr.write(String(error.stack));
    process.exitCode = 1;
  },
);
