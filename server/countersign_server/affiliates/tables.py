"""What is remembered of affiliates and of their money.

Entries and their lines are append-only; the lines of an entry add up to nothing in each currency;
a payout takes no more than there is: triggers in the schema say so to whoever writes.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
    text as sql,
)
from sqlalchemy.dialects.postgresql import JSONB

from countersign_server.database.metadata import amount, identifier, metadata, moment, text

affiliates = Table(
    "affiliates",
    metadata,
    identifier("owner_id", ForeignKey("users.id"), primary_key=True),
    text("token"),
    moment("created_at"),
    UniqueConstraint("token", name="one_affiliate_per_token"),
)

referrals = Table(
    "referrals",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", ForeignKey("affiliates.owner_id"), index=True),
    identifier("referred_id", ForeignKey("users.id")),
    moment("created_at"),
    UniqueConstraint("referred_id", name="one_referrer_per_user"),
    CheckConstraint("owner_id <> referred_id", name="nobody_refers_themselves"),
)

# Never changed: new terms are a new row, and the newest of a currency is in force.
affiliate_programs = Table(
    "affiliate_programs",
    metadata,
    identifier("id", primary_key=True),
    text("currency"),
    text("basis"),
    text("measure"),
    Column("tiers", JSONB, nullable=False),
    amount("minimum_payout"),
    Column("earning_days", Integer, nullable=False),
    Column("closed", Boolean, nullable=False),
    moment("created_at"),
)
Index(
    "affiliate_programs_by_time",
    affiliate_programs.c.currency,
    affiliate_programs.c.created_at,
)

# How far the audit's chain has been looked through for closed trades.
affiliate_progress = Table(
    "affiliate_progress",
    metadata,
    text("name", primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

payouts = Table(
    "payouts",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", ForeignKey("affiliates.owner_id")),
    identifier("request_id"),
    Column("content_digest", LargeBinary, nullable=False),
    amount("amount"),
    text("currency"),
    text("state"),
    Column("bank_details_sealed", LargeBinary, nullable=False),
    text("bank_account_hint"),
    moment("created_at"),
    moment("updated_at"),
    text("reference", server_default=""),
    text("reason", server_default=""),
    UniqueConstraint("owner_id", "request_id", name="one_payout_per_request"),
    CheckConstraint("amount > 0", name="a_payout_pays_something"),
)
Index("payouts_by_owner", payouts.c.owner_id, payouts.c.id)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    identifier("id", primary_key=True),
    identifier("owner_id", ForeignKey("affiliates.owner_id")),
    text("kind"),
    moment("created_at"),
    identifier("referral_id", ForeignKey("referrals.id"), nullable=True),
    identifier("account_id", ForeignKey("accounts.id"), nullable=True),
    text("broker_server", nullable=True),
    Column("broker_login", BigInteger, nullable=True),
    Column("deal_ticket", BigInteger, nullable=True),
    identifier("program_id", ForeignKey("affiliate_programs.id"), nullable=True),
    moment("traded_at", nullable=True),
    amount("lots", nullable=True),
    identifier("payout_id", ForeignKey("payouts.id"), nullable=True),
    identifier("reverses_id", ForeignKey("ledger_entries.id"), nullable=True),
    text("reason", server_default=""),
    UniqueConstraint(
        "broker_server", "broker_login", "deal_ticket", name="one_commission_per_deal"
    ),
    UniqueConstraint("reverses_id", name="one_reversal_per_entry"),
    UniqueConstraint("payout_id", "kind", name="each_step_of_a_payout_is_booked_once"),
)
Index("ledger_entries_by_owner", ledger_entries.c.owner_id, ledger_entries.c.id)
Index(
    "commissions_by_time",
    ledger_entries.c.owner_id,
    ledger_entries.c.traded_at,
    postgresql_where=sql("traded_at IS NOT NULL"),
)

ledger_lines = Table(
    "ledger_lines",
    metadata,
    identifier("entry_id", ForeignKey("ledger_entries.id"), primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    # None: the platform's own.
    identifier("owner_id", nullable=True),
    text("purpose"),
    text("currency"),
    amount("amount"),
    CheckConstraint("amount <> 0", name="a_line_moves_something"),
    CheckConstraint(
        "(purpose IN ('available', 'reserved')) = (owner_id IS NOT NULL)",
        name="affiliates_accounts_have_owners",
    ),
)
Index(
    "ledger_lines_of_account",
    ledger_lines.c.owner_id,
    ledger_lines.c.purpose,
    ledger_lines.c.currency,
)
