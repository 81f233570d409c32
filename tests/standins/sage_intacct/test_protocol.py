"""The order of checks, sessions, control ids and shapes of answers."""

import gzip
import http.client

from lxml import etree

from .wire import Wire, customer, equal, invoice, query, tag


def test_refuses_a_wrong_sender_at_the_control_level(wire: Wire) -> None:
    answer = wire.call("<getAPISession/>", sender_password="wrong")
    assert answer.text("control/status") == "failure"
    assert answer.error.startswith("XL03000006 Incorrect Intacct XML Partner ID or password.")
    assert answer.xml.find("operation") is None


def test_the_same_words_for_a_wrong_password_and_a_wrong_entity(plain_wire: Wire) -> None:
    for login in (plain_wire.login(password="no"), plain_wire.login(entity="E999"), plain_wire.login(user="who")):
        answer = plain_wire.call("<getAPISession/>", auth=login)
        assert answer.status == 200
        assert answer.text("control/status") == "success"
        assert answer.text("operation/authentication/status") == "failure"
        assert answer.text("operation/authentication/userid")
        assert answer.error == "XL03000006 Sign-in information is incorrect"


def test_an_unknown_session_names_nobody(wire: Wire) -> None:
    answer = wire.call("<getAPISession/>", auth=tag("sessionid", "gone"))
    assert answer.text("operation/authentication/userid") == ""
    assert answer.error.startswith("XL03000006 Invalid session")
    assert not answer.results()


def test_a_session_slides_and_then_ends(wire: Wire) -> None:
    start = wire.books.now()
    wire.books.knobs.session_seconds = 100
    for after, status in ((90, "success"), (180, "success"), (281, "failure")):
        wire.books.now = lambda after=after: start + after  # type: ignore[misc]
        assert wire.call(query("CUSTOMER", "RECORDNO")).text("operation/authentication/status") == status


def test_a_session_lives_at_the_address_that_was_returned(plain_wire: Wire) -> None:
    plain_wire.books.knobs.endpoint_path = "/na01/ia/xml/xmlgw.phtml"
    answer = plain_wire.call("<getAPISession/>")
    assert answer.text(".//endpoint").endswith("/na01/ia/xml/xmlgw.phtml")
    plain_wire.session = answer.text(".//sessionid")
    assert plain_wire.call(query("CUSTOMER", "RECORDNO")).error.startswith("XL03000006 Invalid session")
    plain_wire.path = "/na01/ia/xml/xmlgw.phtml"
    assert plain_wire.call(query("CUSTOMER", "RECORDNO")).status_of_first == "success"


def test_a_sender_without_authorisation(wire: Wire) -> None:
    wire.company.configure(SENDERS=[])
    assert "is not authorized to make Web Services requests" in wire.call(query("CUSTOMER", "RECORDNO")).error


def test_parse_errors_are_control_failures_with_the_code_of_the_parser(wire: Wire) -> None:
    good = wire.envelope(f'<function controlid="f">{customer()}</function>')
    for bad, code in (
        ("", "4"),
        (good.replace("</NAME>", "</NAM>"), "76"),
        (good.replace("Acme Ltd", "Acme \x07", 1), "9"),
        ('<!DOCTYPE x [<!ENTITY e "v">]>' + good, "502"),
        (good + "<more/>", "5"),
    ):
        answer = wire.post(bad)
        assert answer.status == 200
        assert answer.error.startswith(f"XL03000003 XML Parse schema error: Fatal Error {code}:"), (code, answer.error)
    assert not wire.company.rows("CUSTOMER")


def test_the_schema_binds_the_order_of_legacy_elements_and_the_names_of_functions(wire: Wire) -> None:
    wire.call(customer())
    good = invoice("A-1")
    number, rest = good.index("<invoiceno>"), good.index("<description>")
    swapped = (
        good[:number] + "<description>x</description>" + good[number:rest] + good[rest:].split("</description>", 1)[1]
    )
    assert wire.call(swapped).error.startswith("XL03000003")
    assert wire.call("<make_invoice/>").error.startswith("XL03000003")
    assert wire.call(query("CUSTOMER", "RECORDNO", more="<pagesize>2001</pagesize>")).error.startswith("XL03000003")
    assert wire.call(query("CUSTOMER", "RECORDNO", f"<and>{equal('NAME', 'x')}</and>")).error.startswith("XL03000003")
    values = "<value>1</value>" * 1001
    wide = query("CUSTOMER", "RECORDNO", f"<in><field>RECORDNO</field>{values}</in>")
    assert wire.call(wide).error.startswith("XL03000003")
    assert wire.call(good).status_of_first == "success"


def test_a_completed_control_id_is_refused_when_unique(wire: Wire) -> None:
    assert wire.call(customer(), "ml:1", unique="true").status_of_first == "success"
    again = wire.call(customer("C-2"), "ml:1", unique="true")
    assert (again.status_of_first, again.text(".//errorno")) == ("failure", "SBX-UNIQUEID-REPLAY")
    assert wire.call(customer("C-3"), "ml:1", unique="false").status_of_first == "success"
    wire.books.knobs.uniqueid = "refuse_bl01001973"
    assert wire.call(customer("C-4"), "ml:1", unique="true").text(".//errorno") == "BL01001973"
    wire.books.knobs.uniqueid = "off"
    assert wire.call(customer("C-5"), "ml:1", unique="true").status_of_first == "success"


def test_a_failed_function_does_not_use_up_its_control_id(wire: Wire) -> None:
    assert wire.call(invoice("A-1"), "ml:1", unique="true").status_of_first == "failure"
    wire.call(customer())
    assert wire.call(invoice("A-1"), "ml:1", unique="true").status_of_first == "success"


def test_uniqueid_left_out_means_true(wire: Wire) -> None:
    def bare(key: str) -> str:
        body = wire.envelope(f'<function controlid="ml:1">{customer(key)}</function>')
        return body.replace("<uniqueid>false</uniqueid>", "")

    assert wire.post(bare("C-1")).status_of_first == "success"
    assert wire.post(bare("C-2")).status_of_first == "failure"


def test_retention_forgets_control_ids(wire: Wire) -> None:
    wire.books.knobs.uniqueid_retention = 60
    wire.call(customer(), "ml:1", unique="true")
    start = wire.books.now()
    wire.books.now = lambda: start + 61
    assert wire.call(customer("C-2"), "ml:1", unique="true").status_of_first == "success"


def test_functions_run_in_order_and_each_commits_alone(wire: Wire) -> None:
    answer = wire.batch({"a": customer("C-1"), "b": customer("C-1"), "c": customer("C-3", "Third")})
    assert answer.results() == [("a", "success"), ("b", "failure"), ("c", "success")]
    numbers = [e.text for e in answer.xml.iterfind(".//result[2]//errorno")]
    assert numbers == ["BL34000061", "BL01001973"]
    assert answer.xml.find(".//result[2]/data").get("count") == "0"


def test_a_transaction_leaves_nothing_behind(wire: Wire) -> None:
    calls = {"a": customer("C-1"), "b": invoice("A-1", party="nobody"), "c": customer("C-3", "Third")}
    answer = wire.batch(calls, transaction="true", unique="true")
    assert answer.results() == [("a", "aborted"), ("b", "failure"), ("c", "aborted")]
    assert [e.text for e in answer.xml.iterfind(".//errorno")] == [
        "XL03000009",
        "BL01001973",
        "XL03000009",
        "XL03000009",
    ]
    assert not wire.company.rows("CUSTOMER")
    wire.books.knobs.after_failure = "omit"
    assert [r[0] for r in wire.batch(calls, transaction="true").results()] == ["a", "b"]
    assert wire.batch({"a": customer("C-1")}, transaction="true", unique="true").status_of_first == "success"


def test_one_create_with_two_objects_may_commit_one(wire: Wire) -> None:
    wire.call(customer("C-1"))
    body = customer("C-2", "Two").removesuffix("</create>") + customer("C-1").removeprefix("<create>")
    answer = wire.call(body)
    assert answer.status_of_first == "failure"
    assert answer.xml.find(".//data").get("count") == "1"
    assert answer.text(".//CUSTOMERID") == "C-2"


def test_numbers_go_up_even_where_work_was_rolled_back(wire: Wire) -> None:
    first = wire.call(customer("C-1")).key
    wire.batch({"a": customer("C-2", "Two"), "b": customer("C-1")}, transaction="true")
    assert wire.call(customer("C-3", "Three")).key > first + 2


def test_white_space_and_compression_as_asked(wire: Wire) -> None:
    assert b"\n" not in wire.call(query("CUSTOMER", "RECORDNO")).body.split(b"?>\n")[1]
    pretty = wire.call(query("CUSTOMER", "RECORDNO"), control="<includewhitespace>true</includewhitespace>")
    assert pretty.body.count(b"\n") > 5
    assert pretty.headers["content-type"] == 'text/xml; encoding="UTF-8"'
    host, port = wire.server.server_address[:2]
    connection = http.client.HTTPConnection(str(host), int(port))
    body = wire.envelope(f'<function controlid="f">{query("CUSTOMER", "RECORDNO")}</function>')
    connection.request("POST", wire.path, body.encode(), {"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    assert response.getheader("Content-Encoding") == "gzip"
    assert etree.fromstring(gzip.decompress(response.read())).tag == "response"
    connection.close()


def test_additional_error_information_only_when_asked(wire: Wire) -> None:
    assert wire.call(invoice("A-1")).xml.find(".//additionalinfo") is None
    more = "<includewhitespace>false</includewhitespace><showadditionalerrorinfo>true</showadditionalerrorinfo>"
    assert wire.call(invoice("A-1"), control=more).xml.find(".//additionalinfo") is not None


def test_other_verbs_and_paths(wire: Wire) -> None:
    host, port = wire.server.server_address[:2]
    for verb, path, status in (("GET", wire.path, 405), ("POST", "/elsewhere", 404)):
        connection = http.client.HTTPConnection(str(host), int(port))
        connection.request(verb, path)
        assert connection.getresponse().status == status
        connection.close()


def test_permission_is_refused_in_the_words_of_the_field(wire: Wire) -> None:
    wire.company.add_user("ml_connector", "user-demo", ["READ_BY_QUERY GLACCOUNT", "CREATE ARPYMT"])
    assert (
        "You do not have permission for API operation READ_BY_QUERY" in wire.call(query("GLACCOUNT", "RECORDNO")).error
    )
    assert wire.call(query("CUSTOMER", "RECORDNO")).status_of_first == "success"


def test_an_entity_session_sees_and_books_its_entity(entities: Wire) -> None:
    entities.call(customer())
    inside = Wire(entities.books, entities.server, entities.company).sign_in("E200")
    assert inside.call(query("CUSTOMER", "RECORDNO")).text(".//authentication/locationid") == "E200"
    assert inside.call(customer("C-2", "Private")).status_of_first == "success"
    assert entities.call(query("CUSTOMER", "RECORDNO")).xml.find(".//data").get("totalcount") == "1"
    private = query("CUSTOMER", "RECORDNO", more="<options><showprivate>true</showprivate></options>")
    assert entities.call(private).xml.find(".//data").get("totalcount") == "2"
    assert "not valid at this level" in entities.call(invoice("A-1", party="C-2")).error
    assert "not valid in entity E200" in inside.call(invoice("A-1", party="C-2")).error
