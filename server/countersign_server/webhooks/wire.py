"""Webhook endpoints as the contract shows them."""

from collections.abc import Mapping

from countersign.v1 import webhooks_pb2 as pb
from countersign_server.notifications.wire import level_name, topic_name
from countersign_server.rpc.conversion import optional_id, to_timestamp
from countersign_server.webhooks.endpoint import BY_OWNER, Endpoint
from countersign_server.webhooks.signing import Scheme

_SCHEME_OF: Mapping[int, Scheme] = {
    pb.WebhookSignature.Value(f"WEBHOOK_SIGNATURE_{scheme.name}"): scheme for scheme in Scheme
}


def scheme_from(number: int) -> Scheme:
    """Return the scheme that a request names; not given: HMAC."""
    return _SCHEME_OF.get(number, Scheme.HMAC_SHA256)


def endpoint_message(endpoint: Endpoint) -> pb.WebhookEndpoint:
    destination = endpoint.destination
    reason = destination.paused_reason
    return pb.WebhookEndpoint(
        endpoint_id=str(endpoint.id),
        url=endpoint.url,
        description=endpoint.description,
        topics=[topic_name(topic) for topic in sorted(destination.topics)],
        level_min=level_name(destination.level_min),
        account_id=optional_id(destination.account_id),
        producer_id=optional_id(destination.producer_id),
        signature=f"WEBHOOK_SIGNATURE_{endpoint.scheme.name}",
        paused=bool(reason),
        paused_reason="" if reason == BY_OWNER else reason,
        create_time=to_timestamp(destination.created_at),
        delete_time=to_timestamp(destination.ended_at),
        previous_secret_end_time=to_timestamp(endpoint.previous_secret_ends_at),
    )
