"""Figures of histories, share links, imported histories; bars, what was asked of bridges, pictures.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE deals ADD COLUMN counted BOOLEAN DEFAULT false NOT NULL;

ALTER TABLE deals ADD COLUMN counted_for UUID;

CREATE INDEX deals_in_order ON deals (account_id, broker_time_ms, ticket);

CREATE INDEX approvals_by_time ON approvals (account_id, created_at);

CREATE INDEX commands_by_time ON commands (owner_id, created_at, id);

CREATE INDEX deals_to_count ON deals (account_id, broker_time_ms, ticket) WHERE NOT counted;

CREATE TABLE figures (
    history_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID,
    currency TEXT NOT NULL,
    state JSONB NOT NULL,
    place_ms BIGINT DEFAULT -1 NOT NULL,
    place_ticket BIGINT DEFAULT 0 NOT NULL,
    deals BIGINT DEFAULT 0 NOT NULL,
    behind BOOLEAN DEFAULT false NOT NULL,
    first_deal_ms BIGINT,
    equity JSONB,
    equity_read_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT figures_key PRIMARY KEY (history_id),
    CONSTRAINT figures_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX figures_behind ON figures (history_id) WHERE behind;

CREATE TABLE figure_checkpoints (
    history_id UUID NOT NULL,
    place_ms BIGINT NOT NULL,
    place_ticket BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    deals BIGINT NOT NULL,
    state JSONB NOT NULL,
    CONSTRAINT figure_checkpoints_key PRIMARY KEY (history_id, place_ms, place_ticket),
    CONSTRAINT figure_checkpoints_history_id_exists FOREIGN KEY(history_id) REFERENCES figures (history_id)
);

CREATE TABLE figure_days (
    history_id UUID NOT NULL,
    scope UUID NOT NULL,
    day DATE NOT NULL,
    owner_id UUID NOT NULL,
    paid NUMERIC(27, 9) NOT NULL,
    result NUMERIC(27, 9) NOT NULL,
    CONSTRAINT figure_days_key PRIMARY KEY (history_id, scope, day),
    CONSTRAINT figure_days_history_id_exists FOREIGN KEY(history_id) REFERENCES figures (history_id)
);

CREATE TABLE figure_parts (
    history_id UUID NOT NULL,
    scope UUID NOT NULL,
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    owner_id UUID NOT NULL,
    trades INTEGER NOT NULL,
    won INTEGER NOT NULL,
    gross_profit NUMERIC(27, 9) NOT NULL,
    gross_loss NUMERIC(27, 9) NOT NULL,
    volume NUMERIC(27, 9) NOT NULL,
    CONSTRAINT figure_parts_key PRIMARY KEY (history_id, scope, kind, part),
    CONSTRAINT figure_parts_history_id_exists FOREIGN KEY(history_id) REFERENCES figures (history_id)
);

CREATE TABLE equity_hours (
    account_id UUID NOT NULL,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    owner_id UUID NOT NULL,
    lowest NUMERIC(27, 9) NOT NULL,
    highest NUMERIC(27, 9) NOT NULL,
    equity NUMERIC(27, 9) NOT NULL,
    balance NUMERIC(27, 9) NOT NULL,
    paid NUMERIC(27, 9) NOT NULL,
    CONSTRAINT equity_hours_key PRIMARY KEY (account_id, hour),
    CONSTRAINT equity_hours_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE excursions (
    account_id UUID NOT NULL,
    position_id BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    worst NUMERIC(27, 9) NOT NULL,
    best NUMERIC(27, 9) NOT NULL,
    CONSTRAINT excursions_key PRIMARY KEY (account_id, position_id),
    CONSTRAINT excursions_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE share_links (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    title TEXT NOT NULL,
    token_sha256 BYTEA NOT NULL,
    request_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT share_links_key PRIMARY KEY (id),
    CONSTRAINT one_share_link_per_request UNIQUE (owner_id, request_id),
    CONSTRAINT share_links_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id),
    UNIQUE (token_sha256)
);

CREATE TABLE imported_histories (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    source_sha256 BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT imported_histories_key PRIMARY KEY (id),
    CONSTRAINT one_history_per_owner_and_source UNIQUE (owner_id, source_sha256),
    CONSTRAINT imported_histories_id_exists FOREIGN KEY(id) REFERENCES figures (history_id),
    CONSTRAINT imported_histories_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE TABLE imported_deals (
    history_id UUID NOT NULL,
    number INTEGER NOT NULL,
    owner_id UUID NOT NULL,
    ticket BIGINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    entry TEXT NOT NULL,
    symbol TEXT NOT NULL,
    volume NUMERIC(27, 9) NOT NULL,
    price NUMERIC(27, 9) NOT NULL,
    profit NUMERIC(27, 9) NOT NULL,
    swap NUMERIC(27, 9) NOT NULL,
    commission NUMERIC(27, 9) NOT NULL,
    fee NUMERIC(27, 9) NOT NULL,
    position_id BIGINT NOT NULL,
    CONSTRAINT imported_deals_key PRIMARY KEY (history_id, number),
    CONSTRAINT imported_deals_history_id_exists FOREIGN KEY(history_id) REFERENCES imported_histories (id)
);

CREATE TABLE bars (
    account_id UUID NOT NULL,
    symbol TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    owner_id UUID NOT NULL,
    open NUMERIC(27, 9) NOT NULL,
    high NUMERIC(27, 9) NOT NULL,
    low NUMERIC(27, 9) NOT NULL,
    close NUMERIC(27, 9) NOT NULL,
    volume BIGINT NOT NULL,
    CONSTRAINT bars_key PRIMARY KEY (account_id, symbol, timeframe, time),
    CONSTRAINT bars_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE rate_requests (
    account_id UUID NOT NULL,
    symbol TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    owner_id UUID NOT NULL,
    count INTEGER NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    failure TEXT DEFAULT '' NOT NULL,
    CONSTRAINT rate_requests_key PRIMARY KEY (account_id, symbol, timeframe),
    CONSTRAINT rate_requests_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX rate_requests_waiting ON rate_requests (account_id) WHERE answered_at IS NULL;

CREATE TABLE pictures (
    owner_id UUID NOT NULL,
    digest BYTEA NOT NULL,
    picture BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pictures_key PRIMARY KEY (owner_id, digest),
    CONSTRAINT pictures_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE INDEX pictures_by_expires_at ON pictures (expires_at)
"""

OWNED = (
    *("figures", "figure_checkpoints", "figure_days", "figure_parts", "equity_hours", "excursions"),
    *("share_links", "imported_histories", "imported_deals", "bars", "rate_requests", "pictures"),
)

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    for table in OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
