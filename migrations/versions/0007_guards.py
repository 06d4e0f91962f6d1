"""Guards: what they remember, judge by, did and close; switches that stop producers or everything.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE guards (
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    memory TEXT DEFAULT '' NOT NULL,
    policy_version BIGINT DEFAULT 0 NOT NULL,
    changes BIGINT DEFAULT 0 NOT NULL,
    viewed_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    told_until TIMESTAMP WITH TIME ZONE,
    paid_balance NUMERIC(27, 9),
    paid_in NUMERIC(27, 9),
    paid_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT guards_key PRIMARY KEY (account_id),
    CONSTRAINT guards_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE guard_policies (
    account_id UUID NOT NULL,
    version BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    statement TEXT NOT NULL,
    server_signature BYTEA NOT NULL,
    server_key_id TEXT NOT NULL,
    owner_signature JSONB,
    actor TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT guard_policies_key PRIMARY KEY (account_id, version),
    CONSTRAINT guard_policies_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE guard_events (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    natural_key TEXT NOT NULL,
    act TEXT NOT NULL,
    side TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    standing JSONB,
    latch JSONB NOT NULL,
    close_at TIMESTAMP WITH TIME ZONE,
    evidence_json TEXT DEFAULT '' NOT NULL,
    policy_version BIGINT NOT NULL,
    event_time TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT guard_events_key PRIMARY KEY (id),
    CONSTRAINT one_guard_event_per_natural_key UNIQUE (account_id, natural_key),
    CONSTRAINT guard_events_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX guard_events_by_time ON guard_events (received_at, id);

CREATE TABLE drawdown_alerts (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    trip TEXT NOT NULL,
    cause TEXT NOT NULL,
    resets BIGINT NOT NULL,
    side TEXT NOT NULL,
    evidence JSONB,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT drawdown_alerts_key PRIMARY KEY (id),
    CONSTRAINT one_alert_per_trip UNIQUE (account_id, trip),
    CONSTRAINT drawdown_alerts_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX drawdown_alerts_by_time ON drawdown_alerts (created_at, id);

CREATE TABLE guard_closings (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    alert_id UUID,
    cause TEXT NOT NULL,
    side TEXT NOT NULL,
    command_id UUID,
    magic BIGINT NOT NULL,
    position_id BIGINT NOT NULL,
    order_ticket BIGINT NOT NULL,
    symbol TEXT NOT NULL,
    position_side TEXT NOT NULL,
    volume NUMERIC(27, 9),
    attempt INTEGER NOT NULL,
    outcome TEXT DEFAULT '' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT guard_closings_key PRIMARY KEY (id),
    CONSTRAINT guard_closings_alert_id_exists FOREIGN KEY(alert_id) REFERENCES drawdown_alerts (id),
    CONSTRAINT guard_closings_command_id_exists FOREIGN KEY(command_id) REFERENCES commands (id),
    CONSTRAINT guard_closings_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX guard_closings_of_account ON guard_closings (account_id, created_at);

CREATE INDEX guard_closings_by_alert_id ON guard_closings (alert_id);

CREATE TABLE kill_switches (
    id UUID NOT NULL,
    owner_id UUID,
    producer_id UUID,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    by_operator BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    released_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT kill_switches_key PRIMARY KEY (id),
    CONSTRAINT kill_switches_producer_id_exists FOREIGN KEY(producer_id) REFERENCES producers (id)
);

CREATE INDEX kill_switches_that_hold ON kill_switches (producer_id) WHERE released_at IS NULL;

CREATE INDEX reports_of_guards ON command_reports (account_id, received_at) WHERE kind IN ('guard-held', 'guard-acted', 'guard-close');

CREATE TABLE halted_producers (
    producer_id UUID NOT NULL,
    state TEXT NOT NULL,
    CONSTRAINT halted_producers_key PRIMARY KEY (producer_id),
    CONSTRAINT halted_producers_producer_id_exists FOREIGN KEY(producer_id) REFERENCES producers (id)
)
"""

OWNED = (
    "guards",
    "guard_policies",
    "guard_events",
    "drawdown_alerts",
    "guard_closings",
    "kill_switches",
)

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    for table in OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
    # What stops everything stops everybody: it is seen by all, and changed by the server only.
    op.execute("CREATE POLICY everybodys ON kill_switches FOR SELECT USING (owner_id IS NULL)")
