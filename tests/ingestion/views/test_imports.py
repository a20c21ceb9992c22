"""The imports pages: handing a file over, mapping it, watching it load."""

import gzip
import json
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ingestion.models import Conflict, Delivery, Reject
from ingestion.queries.comparison import days_compared
from org.models import FiscalPeriod
from tests.factories.ingestion import new_delivery
from tests.ingestion.conftest import Deliver
from tests.ingestion.report_source import line
from tests.ingestion.report_source import report as report_text
from tests.ingestion.workbooks import written
from tests.org_cast import Cast

TRACE = b"TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930,2162,5\n"
LITELLM = (
    b'{"request_id":"r1","startTime":"2026-11-01T00:00:00","prompt_tokens":1,"model":"gpt-5"}\n'
)


@pytest.fixture
def fiona(cast: Cast, client: Client) -> Client:
    client.force_login(cast.fiona)
    return client


def upload(content: bytes, name: str = "trace.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_nobody_has_loaded_anything_yet(fiona: Client) -> None:
    page = fiona.get("/data/imports/")

    assert "Nothing was loaded yet" in page.text
    assert 'href="/data/imports/new/"' in page.text


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_as_many_queries_for_three_as_for_one(
    cast: Cast, fiona: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        new_delivery(submitted_by=cast.ed, rows=5, loaded=3, duplicate=1, rejected=1)

    with django_assert_num_queries(10):
        page = fiona.get("/data/imports/")

    assert page.text.count(">usage.csv</a>") == count


def test_a_row_names_its_source_and_account_beneath_the_file_and_mutes_noughts(
    cast: Cast, fiona: Client
) -> None:
    new_delivery(source="openai-costs", account="main", submitted_by=cast.ed, rows=2, rejected=2)

    page = fiona.get("/data/imports/")

    assert '<span class="beneath">openai-costs · main</span>' in page.text
    assert f'<span class="beneath">{cast.ed}</span>' in page.text
    assert page.text.count('<td class="num none">0</td>') == 3  # all but rejected
    assert '<td class="num">2</td>' in page.text


def test_the_list_keeps_one_state(fiona: Client) -> None:
    new_delivery(filename="good.csv", state=Delivery.State.DONE)
    new_delivery(filename="bad.csv", state=Delivery.State.FAILED)

    page = fiona.get("/data/imports/", {"state": "failed"})

    assert "bad.csv" in page.text
    assert "good.csv" not in page.text


def test_a_file_that_is_recognised_is_loaded_at_once(fiona: Client) -> None:
    answer = fiona.post(
        "/data/imports/new/", {"file": upload(LITELLM, "spend.jsonl"), "source": "detect"}
    )

    delivery = Delivery.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/data/imports/{delivery.pk}/",
    )
    assert (delivery.source, delivery.filename) == ("litellm", "spend.jsonl")


@pytest.mark.parametrize("content", [TRACE, gzip.compress(TRACE, mtime=0)])
def test_a_file_nobody_recognises_is_mapped_with_its_first_rows_in_view(
    fiona: Client, content: bytes
) -> None:
    held = fiona.post("/data/imports/new/", {"file": upload(content), "source": "detect"})
    page = fiona.get(held.headers["Location"])

    assert not Delivery.objects.exists()
    assert "2024-05-10 00:00:00.009930" in page.text
    assert '<option value="TIMESTAMP" selected>' in page.text
    assert '<option value="ContextTokens" selected>' in page.text


def test_a_mapped_file_is_loaded_with_its_map(fiona: Client) -> None:
    held = fiona.post("/data/imports/new/", {"file": upload(TRACE), "source": "csv"})

    answer = fiona.post(
        held.headers["Location"],
        {
            "map-started_at": "TIMESTAMP",
            "map-in_text": "ContextTokens",
            "set-provider": "azure",
            "set-model": "gpt-4o",
        },
    )

    delivery = Delivery.objects.get()
    assert answer.headers["Location"] == f"/data/imports/{delivery.pk}/"
    assert delivery.source == "csv"
    assert delivery.column_map == {"started_at": "TIMESTAMP", "in_text": "ContextTokens"}
    assert delivery.fixed_values == {"provider": "azure", "model": "gpt-4o"}
    assert fiona.get(held.headers["Location"]).status_code == 404


def test_a_map_without_a_model_comes_back_with_what_is_missing(fiona: Client) -> None:
    held = fiona.post("/data/imports/new/", {"file": upload(TRACE), "source": "csv"})

    page = fiona.post(
        held.headers["Location"], {"map-started_at": "TIMESTAMP", "set-provider": "azure"}
    )

    assert page.status_code == 422
    assert "Every call needs model: choose its column." in page.text
    assert not Delivery.objects.exists()


def test_a_sheet_of_a_workbook_is_mapped_and_loaded_under_its_name(fiona: Client) -> None:
    book = written({"March": [["T", "I"], ["2026-03-02", 7]], "Notes": [["note"], ["x"]]})

    refused = fiona.post("/data/imports/new/", {"file": upload(book), "source": "detect"})
    held = fiona.post(
        "/data/imports/new/", {"file": upload(book), "source": "detect", "sheet": "March"}
    )
    page = fiona.get(held.headers["Location"])
    fiona.post(
        held.headers["Location"],
        {
            "map-started_at": "T",
            "map-in_text": "I",
            "set-provider": "azure",
            "set-model": "gpt-4o",
        },
    )

    assert refused.status_code == 422
    assert "The workbook has several sheets: &#x27;March&#x27;, &#x27;Notes&#x27;." in refused.text
    assert "2026-03-02" in page.text
    delivery = Delivery.objects.get()
    assert delivery.fixed_values == {"provider": "azure", "model": "gpt-4o", "sheet": "March"}


def test_a_workbook_that_is_recognised_is_loaded_by_its_sheet(fiona: Client) -> None:
    names: list[object] = ["request_id", "startTime", "model", "prompt_tokens"]
    book = written({"Log": [names, ["r-1", "2026-03-02", "gpt-5", 7]], "Notes": [["x"]]})

    fiona.post("/data/imports/new/", {"file": upload(book), "source": "detect", "sheet": "Log"})

    delivery = Delivery.objects.get()
    assert (delivery.source, delivery.fixed_values) == ("litellm", {"sheet": "Log"})


def test_a_file_somebody_else_holds_is_not_there(cast: Cast, fiona: Client) -> None:
    held = fiona.post("/data/imports/new/", {"file": upload(TRACE), "source": "csv"})
    ed = Client()
    ed.force_login(cast.ed)

    assert ed.get(held.headers["Location"]).status_code == 404


def test_an_empty_file_is_refused_in_words(fiona: Client) -> None:
    page = fiona.post("/data/imports/new/", {"file": upload(b""), "source": "detect"})

    assert page.status_code == 422
    assert "The file is empty." in page.text


def test_a_running_import_asks_again_and_a_finished_one_is_quiet(fiona: Client) -> None:
    running = new_delivery(state=Delivery.State.RUNNING)
    done = new_delivery(state=Delivery.State.DONE)

    assert 'hx-trigger="every ' in fiona.get(f"/data/imports/{running.pk}/").text
    assert "hx-trigger" not in fiona.get(f"/data/imports/{done.pk}/").text


def test_htmx_gets_the_part_and_everybody_else_the_page(fiona: Client) -> None:
    delivery = new_delivery()

    part = fiona.get(f"/data/imports/{delivery.pk}/", headers={"HX-Request": "true"})
    page = fiona.get(f"/data/imports/{delivery.pk}/")

    assert part.text.strip().startswith('<div id="import"')
    assert part.text.strip() in page.text
    assert page.text.count("<h1") == 1


def test_counts_add_up_and_reasons_are_counted(fiona: Client) -> None:
    delivery = new_delivery(
        state=Delivery.State.DONE, rows=48_211, loaded=48_189, duplicate=20, rejected=2
    )
    for number in (4, 9):
        Reject.objects.create(
            delivery=delivery, line=number, field="in_text", reason="1e3 is no count.", raw="x"
        )

    text = fiona.get(f"/data/imports/{delivery.pk}/").text

    assert "48,211 = 48,189 loaded + 20 duplicate + 0 in conflict + 2 rejected" in text
    assert f'href="/data/imports/{delivery.pk}/rejects/"' in text
    assert '<td>1e3 is no count.</td><td class="num">2</td>' in text


def test_a_conflict_shows_both_sides(fiona: Client) -> None:
    delivery = new_delivery(state=Delivery.State.DONE, rows=1, conflict=1)
    Conflict.objects.create(
        delivery=delivery,
        line=7,
        utc_day=date(2026, 11, 2),
        key=uuid4(),
        first_delivery_id=3,
        first_utc_day=date(2026, 11, 1),
        first_cost_pico=1_500_000_000,
        cost_pico=None,
    )

    text = fiona.get(f"/data/imports/{delivery.pk}/").text

    assert "2 Nov 2026, before 1 Nov 2026" in text
    assert '<td class="num">$0.001500</td><td class="num">–</td>' in text


def test_a_cost_report_is_compared_by_day_with_what_was_metered(
    cast: Cast, fiona: Client, deliver: Deliver
) -> None:
    deliver(
        USAGE.format(day=1, usd="9.75") + ROW.format(day=3, usd="1"),
        source="tokenops",
        account="main",
    )
    deliver(USAGE.format(day=2, usd="4.00"), source="tokenops", account="other")

    report = deliver(
        json.dumps(costs({1: "10.00", 2: "4.00"})), source="openai-costs", account="main"
    )

    text = fiona.get(f"/data/imports/{report.pk}/").text
    assert (
        '<th scope="row">1 Nov 2026</th><td class="num">$10.00</td><td class="num">$9.75</td>'
        '<td class="num">$0.25</td>'
    ) in text
    assert "no metered usage of account main" in text
    assert "3 Nov 2026" not in text


def test_a_report_that_is_the_meter_is_not_compared_with_itself(
    cast: Cast, deliver: Deliver, report_sources: None
) -> None:
    delivery = deliver(report_text(line(2, usd="1")), source="acme-usage")

    assert days_compared(delivery) == []


USAGE = "id,started_at,provider,model,in_text,cost_usd\n"
USAGE += "r{day},2026-11-0{day}T10:00:00Z,openai,gpt-5,1,{usd}\n"
ROW = USAGE.partition("\n")[2]


def costs(usd_by_day: dict[int, str]) -> dict[str, object]:
    """Return a page of the costs API with one amount a day of November 2026."""
    first = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
    return {
        "object": "page",
        "data": [
            {
                "object": "bucket",
                "start_time": first + (day - 1) * 86_400,
                "end_time": first + day * 86_400,
                "results": [
                    {
                        "object": "organization.costs.result",
                        "amount": {"value": usd, "currency": "usd"},
                        "line_item": "gpt-5, input",
                    }
                ],
            }
            for day, usd in usd_by_day.items()
        ],
        "has_more": False,
    }


def test_an_import_is_undone_from_its_page_for_a_reason(
    cast: Cast, fiona: Client, deliver: Deliver
) -> None:
    delivery = deliver(USAGE.format(day=1, usd="9.75"))
    page = f"/data/imports/{delivery.pk}/"
    assert f'action="{page}undo/"' in fiona.get(page).text
    assert ">Undo 1 row, $9.75</button>" in fiona.get(page).text

    unsaid = fiona.post(f"{page}undo/", {"reason": " "})
    done = fiona.post(f"{page}undo/", {"reason": "Sent twice."}, follow=True)

    delivery.refresh_from_db()
    assert unsaid.status_code == 422
    assert "Say why the import is undone" in unsaid.text
    assert done.redirect_chain == [(page, 302)]
    assert delivery.state == Delivery.State.UNDONE
    assert "by Fiona: “Sent twice.”" in done.text
    assert "undo/" not in done.text


def test_an_undo_that_a_closed_period_refuses_says_so_and_keeps_what_was_typed(
    cast: Cast, fiona: Client, deliver: Deliver
) -> None:
    delivery = deliver(USAGE.format(day=1, usd="9.75"))
    FiscalPeriod.objects.containing(date(2026, 11, 1)).update(state="closed")

    answer = fiona.post(f"/data/imports/{delivery.pk}/undo/", {"reason": "Sent twice."})

    assert answer.status_code == 422
    assert "is closed: its figures cannot change." in answer.text
    assert ">Sent twice.</textarea>" in answer.text


@pytest.mark.parametrize("name", ["ed", "aud", "carl", "grace"])
def test_who_may_not_undo_has_no_button_and_is_refused(
    cast: Cast, client: Client, deliver: Deliver, name: str
) -> None:
    delivery = deliver(USAGE.format(day=1, usd="9.75"))
    client.force_login(getattr(cast, name))

    page = client.get(f"/data/imports/{delivery.pk}/").text
    answer = client.post(f"/data/imports/{delivery.pk}/undo/", {"reason": "x"})

    delivery.refresh_from_db()
    assert "undo/" not in page
    assert answer.status_code == 403
    assert delivery.state == Delivery.State.DONE


@pytest.mark.parametrize(
    ("name", "sees", "loads"),
    [
        ("fiona", 200, 200),
        ("ed", 200, 200),
        ("aud", 200, 403),
        ("carl", 200, 403),
        ("grace", 403, 403),
    ],
)
def test_who_sees_imports_and_who_loads_them(
    cast: Cast, client: Client, name: str, sees: int, loads: int
) -> None:
    client.force_login(getattr(cast, name))

    assert client.get("/data/imports/").status_code == sees
    assert client.get("/data/imports/new/").status_code == loads
