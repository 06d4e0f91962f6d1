"""Affiliates, made."""

from functools import partial

from countersign.v1.affiliates_pb2_grpc import add_AffiliateServiceServicer_to_server
from countersign_server.affiliates.loop import Commissions
from countersign_server.affiliates.service import AffiliateService
from countersign_server.parts.part import Ground, Part
from countersign_server.parts.people import People


def affiliates(ground: Ground, who: People) -> Part:
    """Make it."""
    database, wakeups, now = ground.database, ground.wakeups, ground.now
    service = AffiliateService(
        database=database,
        wakeups=wakeups,
        vault=who.vault,
        referrals=who.referrals,
        referral_page=ground.settings.referral_page,
        now=now,
    )
    commissions = Commissions(database=database, wakeups=wakeups, now=now)
    return Part(partial(add_AffiliateServiceServicer_to_server, service), (commissions.run,))
