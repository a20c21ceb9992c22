"""Counters are exact, and no document can make them grow without end."""

from concurrent.futures import ThreadPoolExecutor

from tokenops_sidecar.metrics import Metrics


def test_nothing_is_lost_between_threads() -> None:
    metrics = Metrics()

    def count(_: int) -> None:
        for _each in range(1_000):
            metrics.count("decisions", outcome="allow", code="")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))

    assert metrics.of("decisions", outcome="allow", code="") == 8_000
    assert 'tokenops_sidecar_decisions_total{code="",outcome="allow"} 8000' in metrics.text({})


def test_a_thousand_codes_are_not_a_thousand_series() -> None:
    metrics = Metrics()

    for code in range(1_000):
        metrics.count("decisions", outcome="refuse", code=f"code-{code}")

    lines = [line for line in metrics.text({}).splitlines() if not line.startswith("#")]
    assert len(lines) == 501
    assert metrics.of("decisions", outcome="other", code="other") == 500


def test_labels_are_escaped_and_unknown_gauges_left_out() -> None:
    metrics = Metrics()
    metrics.count("pulls", result='a"b\\c\nd')

    text = metrics.text({"policy_age_seconds": None, "policy_revision": 3})

    assert 'tokenops_sidecar_pulls_total{result="a\\"b\\\\c\\nd"} 1' in text
    assert "policy_age" not in text
    assert "tokenops_sidecar_policy_revision 3" in text
