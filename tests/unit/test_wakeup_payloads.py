"""What a wake-up puts on the wire stays below what PostgreSQL takes."""

from hypothesis import given, strategies as st

from countersign_server.database.wakeups import PAYLOAD_BYTES, TOPIC_BYTES, payloads

# Of two-byte letters: what counts is bytes.
LENGTHS = st.lists(st.integers(1, TOPIC_BYTES // 2), min_size=80, max_size=120)


@given(LENGTHS)
def test_every_topic_is_sent_once_in_payloads_that_postgresql_takes(lengths: list[int]) -> None:
    topics = ["é" * length for length in lengths]

    sent = list(payloads(topics))

    assert [topic for payload in sent for topic in payload.split("\n")] == topics
    assert all(len(payload.encode()) <= PAYLOAD_BYTES for payload in sent)


def test_topics_that_fit_together_go_together() -> None:
    assert list(payloads(["account:a", "signals"])) == ["account:a\nsignals"]


def test_as_few_payloads_as_fit() -> None:
    topics = ["x" * (TOPIC_BYTES - 1)] * 100

    assert len(list(payloads(topics))) == -(-100 * TOPIC_BYTES // PAYLOAD_BYTES)


def test_no_topics_no_payload() -> None:
    assert list(payloads([])) == []
