"""Comparing our book with the terminals: turns, trades, divergences, runs, policies.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE reconciliations (
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    lease_id UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    failures INTEGER DEFAULT 0 NOT NULL,
    paused_until TIMESTAMP WITH TIME ZONE,
    looked_at TIMESTAMP WITH TIME ZONE,
    session_epoch BYTEA DEFAULT '' NOT NULL,
    snapshot_at TIMESTAMP WITH TIME ZONE,
    agreed_sha256 BYTEA DEFAULT '' NOT NULL,
    agreed_until TIMESTAMP WITH TIME ZONE,
    deals_at TIMESTAMP WITH TIME ZONE,
    run_id UUID,
    statement_due_at TIMESTAMP WITH TIME ZONE,
    statement_difference NUMERIC(27, 9),
    CONSTRAINT reconciliations_key PRIMARY KEY (account_id),
    CONSTRAINT reconciliations_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX reconciliations_by_due ON reconciliations (due_at);

CREATE TABLE trades (
    account_id UUID NOT NULL,
    command_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    adopted_deal BIGINT DEFAULT 0 NOT NULL,
    over_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT trades_key PRIMARY KEY (account_id, command_id),
    CONSTRAINT trades_command_id_exists FOREIGN KEY(command_id) REFERENCES commands (id),
    CONSTRAINT trades_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX trades_not_over ON trades (account_id) WHERE over_at IS NULL;

CREATE TABLE divergences (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    command_id UUID,
    position_id BIGINT NOT NULL,
    deal_ticket BIGINT NOT NULL,
    expected_json TEXT NOT NULL,
    actual_json TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    reason TEXT DEFAULT '' NOT NULL,
    CONSTRAINT divergences_key PRIMARY KEY (id),
    CONSTRAINT divergences_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX divergences_by_time ON divergences (created_at, id);

CREATE INDEX divergences_of_account ON divergences (account_id, created_at);

CREATE INDEX divergences_of_position ON divergences (account_id, position_id);

CREATE INDEX divergences_not_over ON divergences (account_id) WHERE state IN ('open', 'escalated');

CREATE TABLE reconciliation_runs (
    id UUID NOT NULL,
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE NOT NULL,
    matched INTEGER NOT NULL,
    diverged INTEGER NOT NULL,
    failure_reason TEXT DEFAULT '' NOT NULL,
    snapshot BYTEA,
    snapshot_read_at TIMESTAMP WITH TIME ZONE,
    snapshot_stored_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT reconciliation_runs_key PRIMARY KEY (id),
    CONSTRAINT reconciliation_runs_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX reconciliation_runs_of_account ON reconciliation_runs (account_id, started_at);

CREATE TABLE reconciliation_policies (
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    rules JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT reconciliation_policies_key PRIMARY KEY (account_id),
    CONSTRAINT reconciliation_policies_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX deals_by_arrival ON deals (account_id, received_at);

CREATE INDEX commands_untraced ON commands (account_id) WHERE state IN ('executed', 'partial') AND filled_volume = 0
"""

OWNED = (
    "reconciliations",
    "trades",
    "divergences",
    "reconciliation_runs",
    "reconciliation_policies",
)

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    for table in OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
