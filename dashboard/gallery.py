"""The gallery at /_ui/: every component once, with invented figures. Only where DEBUG is on."""

from datetime import UTC, datetime
from decimal import Decimal

import plotly.graph_objects as go
from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from dashboard.shell import ROOMS, Freshness, NavItem

MONTHS = ("Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
SPEND_USD = {
    "Payments": (20_100, 23_400, 25_900, 28_300, 32_000, 35_700),
    "Claims": (24_300, 26_000, 30_200, 33_900, 36_800, 38_200),
    "Support": (27_800, 30_100, 34_500, 37_700, 40_100, 43_300),
}
UNITS = (
    ("Payments", Decimal("42118.20"), Decimal("50000.00"), "ok", "On track"),
    ("Claims", Decimal("61904.77"), Decimal("55000.00"), "danger", "Over budget"),
    ("Support", Decimal("38212.05"), Decimal("40000.00"), "warn", "Runs out 27 Nov"),
    ("Legal", None, Decimal("8000.00"), "neutral", "No data yet"),
)


class SampleForm(forms.Form):
    """One field of each kind, so that every widget is seen."""

    name = forms.CharField(max_length=60, help_text="As people in the unit call it.")
    unit = forms.ChoiceField(choices=[("payments", "Payments"), ("claims", "Claims")])
    cap_usd = forms.DecimalField(
        label="Cap",
        min_value=Decimal("0.01"),
        help_text="At this amount new calls are blocked.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
    )
    starts_on = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), required=False)
    hypothesis = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    mode = forms.ChoiceField(
        choices=[("hard", "Blocks"), ("soft", "Notifies only")], widget=forms.RadioSelect
    )
    is_protected = forms.BooleanField(
        label="Never stop this flow", required=False, help_text="Needs a second signature."
    )
    export = forms.FileField(label="Usage file", help_text="Plain, .gz, .zip or .parquet.")


def sample_navigation() -> list[NavItem]:
    """Return every room, with the addresses left out."""
    return [
        NavItem(
            label=room.label,
            url=f"#{room.url_name}",
            icon=room.icon,
            key=room.key,
            is_current=room.url_name == "overview",
            on_phone=room.on_phone,
            count=4 if room.counts == "waiting" else None,
            count_of=room.counts,
        )
        for room in ROOMS
    ]


def sample_context() -> dict[str, object]:
    return {
        "nav": sample_navigation(),
        "freshness": Freshness("Data to 20 Nov", "98.7% allocated", "ok", "#fresh"),
        "units": UNITS,
        "order": "-spend",
        "values": [Decimal(v) for v in (18, 22, 21, 27, 25, 31, 30, 36, 35, 41)],
        "page": Paginator(range(214), 25).page(2),
        "at": datetime(2026, 11, 21, 6, 10, tzinfo=UTC),
        "changes": [("Cap", "$2,000.00", "$2,500.00"), ("Ends", None, "31 Mar 2027")],
        "spend_usd": Decimal("128402.1180"),
        "change_usd": Decimal("14193.40"),
        "plan_usd": Decimal("114208.70"),
        "form": SampleForm(),
        "whole_form": SampleForm(auto_id="whole_%s"),
        "crumbs": [("Budgets", "#budgets"), ("Claims", "#claims")],
        "months": list(zip(MONTHS, *SPEND_USD.values(), strict=True)),
    }


@login_not_required
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every component in every state; `?refused` shows the form with its errors."""
    context = sample_context()
    if "refused" in request.GET:
        context["form"] = SampleForm({"name": "", "cap_usd": "-1", "mode": "hard"})
    return render(request, "_ui/gallery.html", context)


@login_not_required
def gallery_chart(_request: HttpRequest) -> HttpResponse:
    """Answer the gallery's chart: stacked bars, a dashed forecast with its band, a limit."""
    figure = go.Figure(
        layout={"barmode": "stack", "yaxis": {"tickprefix": "$", "tickformat": "~s"}}
    )
    for number, (unit, usd) in enumerate(SPEND_USD.items(), start=1):
        figure.add_bar(x=MONTHS, y=usd, name=unit, marker={"color": f"var(--series-{number})"})
    low, high = (100_000, 109_000, 118_000), (100_000, 124_000, 150_000)
    figure.add_scatter(x=MONTHS[3:], y=low, mode="lines", line={"width": 0}, showlegend=False)
    figure.add_scatter(
        x=MONTHS[3:], y=high, mode="lines", line={"width": 0}, fill="tonexty",
        fillcolor="var(--band)", name="80% range",
    )  # fmt: skip
    figure.add_hline(y=130_000, line={"color": "var(--danger)", "dash": "dash", "width": 1.5})
    return JsonResponse(figure.to_plotly_json())
