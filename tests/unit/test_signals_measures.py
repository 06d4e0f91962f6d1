"""What is counted of signals."""

from countersign_server.signals.measures import instrument_label


def test_producers_cannot_make_metrics_grow_without_end() -> None:
    labels = {instrument_label(f"INVENTED{number}") for number in range(1000)}
    assert len(labels) <= 201
    assert "other" in labels
    assert instrument_label("INVENTED0") == "INVENTED0"
