"""The first schema: people, accounts, signals, approvals, commands, deals, and the audit that tells of them.

Revision ID: 0001
Revises:
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE audit_entries (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    transaction_id BIGINT DEFAULT (pg_current_xact_id()::text)::bigint NOT NULL,
    event_time TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    caller_address TEXT DEFAULT '' NOT NULL,
    request_id TEXT DEFAULT '' NOT NULL,
    owner_id UUID,
    subject TEXT NOT NULL,
    signal_id UUID,
    account_id UUID,
    command_id UUID,
    before_json TEXT DEFAULT '' NOT NULL,
    after_json TEXT DEFAULT '' NOT NULL,
    CONSTRAINT audit_entries_key PRIMARY KEY (id)
);

CREATE INDEX audit_entries_by_account_id ON audit_entries (account_id, id) WHERE account_id IS NOT NULL;

CREATE INDEX audit_entries_by_command_id ON audit_entries (command_id, id) WHERE command_id IS NOT NULL;

CREATE INDEX audit_entries_by_owner_id ON audit_entries (owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX audit_entries_by_signal_id ON audit_entries (signal_id, id) WHERE signal_id IS NOT NULL;

CREATE INDEX audit_entries_by_transaction ON audit_entries (transaction_id, id);

CREATE TABLE audit_seals (
    sequence BIGINT NOT NULL,
    entry_id BIGINT NOT NULL,
    previous_hash BYTEA NOT NULL,
    entry_hash BYTEA NOT NULL,
    CONSTRAINT audit_seals_key PRIMARY KEY (sequence),
    UNIQUE (entry_id)
);

CREATE TABLE command_reports (
    account_id UUID NOT NULL,
    natural_key TEXT NOT NULL,
    owner_id UUID NOT NULL,
    command_id UUID,
    device_id UUID NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT DEFAULT '' NOT NULL,
    retcode INTEGER DEFAULT 0 NOT NULL,
    error_code INTEGER DEFAULT 0 NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    detail TEXT DEFAULT '' NOT NULL,
    body BYTEA NOT NULL,
    event_time TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT command_reports_key PRIMARY KEY (account_id, natural_key)
);

CREATE INDEX command_reports_by_command_id ON command_reports (command_id);

CREATE INDEX evidence_by_command ON command_reports (command_id, event_time) WHERE kind = 'evidence';

CREATE TABLE consent_texts (
    version TEXT NOT NULL,
    text TEXT NOT NULL,
    text_sha256 TEXT NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT consent_texts_key PRIMARY KEY (version)
);

CREATE TABLE failed_attempts (
    name TEXT NOT NULL,
    window_started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    count INTEGER NOT NULL,
    CONSTRAINT failed_attempts_key PRIMARY KEY (name)
);

CREATE TABLE revocations (
    subject TEXT NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT revocations_key PRIMARY KEY (subject)
);

CREATE INDEX revocations_by_expires_at ON revocations (expires_at);

CREATE TABLE signal_windows (
    producer_id UUID NOT NULL,
    instrument TEXT NOT NULL,
    side TEXT NOT NULL,
    action TEXT NOT NULL,
    version TEXT NOT NULL,
    external_id TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT signal_windows_key PRIMARY KEY (producer_id, instrument, side, action, version)
);

CREATE TABLE signals (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    producer_id UUID NOT NULL,
    external_id TEXT NOT NULL,
    instrument TEXT NOT NULL,
    side TEXT NOT NULL,
    action TEXT NOT NULL,
    version TEXT NOT NULL,
    payload BYTEA NOT NULL,
    payload_sha256 BYTEA NOT NULL,
    format SMALLINT NOT NULL,
    key_id TEXT NOT NULL,
    nonce BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT DEFAULT 'accepted' NOT NULL,
    CONSTRAINT signals_key PRIMARY KEY (id),
    CONSTRAINT one_signal_per_external_id UNIQUE (producer_id, external_id),
    CONSTRAINT one_signal_per_nonce UNIQUE (key_id, nonce)
);

CREATE INDEX signals_by_owner ON signals (owner_id, id);

CREATE INDEX signals_waiting_for_delivery ON signals (id) WHERE state = 'accepted';

CREATE TABLE signing_keys (
    id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    private_key_sealed BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sign_after TIMESTAMP WITH TIME ZONE NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT signing_keys_key PRIMARY KEY (id)
);

CREATE UNIQUE INDEX one_active_signing_key_per_purpose ON signing_keys (purpose) WHERE retired_at IS NULL;

CREATE TABLE users (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    referral_code TEXT DEFAULT '' NOT NULL,
    CONSTRAINT users_key PRIMARY KEY (id)
);

CREATE UNIQUE INDEX one_user_per_email ON users (lower(email));

CREATE TABLE accounts (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    broker TEXT NOT NULL,
    server TEXT NOT NULL,
    login BIGINT NOT NULL,
    currency TEXT NOT NULL,
    margin_mode TEXT NOT NULL,
    demo BOOLEAN NOT NULL,
    max_volume NUMERIC(27, 9),
    max_open_positions INTEGER,
    max_commands_per_minute INTEGER,
    owner_signature_required BOOLEAN DEFAULT false NOT NULL,
    trading_state TEXT DEFAULT 'active' NOT NULL,
    trading_cause TEXT DEFAULT '' NOT NULL,
    trading_since TIMESTAMP WITH TIME ZONE NOT NULL,
    latch BIGINT DEFAULT 0 NOT NULL,
    generation BIGINT DEFAULT 0 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT accounts_key PRIMARY KEY (id),
    CONSTRAINT one_account_per_owner_and_login UNIQUE (owner_id, server, login),
    CONSTRAINT account_belongs_to_owner UNIQUE (owner_id, id),
    CONSTRAINT accounts_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE TABLE api_tokens (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    producer_id UUID,
    name TEXT NOT NULL,
    token_sha256 BYTEA NOT NULL,
    request_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT api_tokens_key PRIMARY KEY (id),
    CONSTRAINT one_api_token_per_request UNIQUE (owner_id, request_id),
    CONSTRAINT api_tokens_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id),
    UNIQUE (token_sha256)
);

CREATE INDEX api_tokens_by_owner_id ON api_tokens (owner_id);

CREATE TABLE invitations (
    token_sha256 BYTEA NOT NULL,
    user_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT invitations_key PRIMARY KEY (token_sha256),
    CONSTRAINT invitations_user_id_exists FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE TABLE producers (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    instruments TEXT[] NOT NULL,
    listed BOOLEAN NOT NULL,
    paused BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT producers_key PRIMARY KEY (id),
    CONSTRAINT one_producer_per_owner_and_name UNIQUE (owner_id, name),
    CONSTRAINT producer_belongs_to_owner UNIQUE (owner_id, id),
    CONSTRAINT producers_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE TABLE refresh_tokens (
    token_sha256 BYTEA NOT NULL,
    session_id UUID NOT NULL,
    user_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT refresh_tokens_key PRIMARY KEY (token_sha256),
    CONSTRAINT refresh_tokens_user_id_exists FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX refresh_tokens_by_session_id ON refresh_tokens (session_id);

CREATE INDEX refresh_tokens_by_user_id ON refresh_tokens (user_id);

CREATE TABLE account_symbols (
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    instrument TEXT NOT NULL,
    symbol TEXT NOT NULL,
    properties JSONB NOT NULL,
    fingerprint TEXT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT account_symbols_key PRIMARY KEY (account_id, instrument),
    CONSTRAINT one_instrument_per_symbol UNIQUE (account_id, symbol),
    CONSTRAINT account_symbols_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE broker_symbols (
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    symbol TEXT NOT NULL,
    properties JSONB NOT NULL,
    fingerprint TEXT NOT NULL,
    reported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    bid NUMERIC(27, 9),
    ask NUMERIC(27, 9),
    quoted_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT broker_symbols_key PRIMARY KEY (account_id, symbol),
    CONSTRAINT broker_symbols_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE deals (
    account_id UUID NOT NULL,
    ticket BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    command_id UUID,
    order_ticket BIGINT NOT NULL,
    position_id BIGINT NOT NULL,
    magic BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    entry TEXT NOT NULL,
    reason SMALLINT NOT NULL,
    symbol TEXT NOT NULL,
    volume NUMERIC(27, 9) NOT NULL,
    price NUMERIC(27, 9) NOT NULL,
    profit NUMERIC(27, 9) NOT NULL,
    commission NUMERIC(27, 9) NOT NULL,
    swap NUMERIC(27, 9) NOT NULL,
    fee NUMERIC(27, 9) NOT NULL,
    broker_time_ms BIGINT NOT NULL,
    broker_utc_offset_seconds INTEGER,
    comment TEXT NOT NULL,
    event_time TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT deals_key PRIMARY KEY (account_id, ticket),
    CONSTRAINT deals_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX deals_by_command_id ON deals (command_id);

CREATE INDEX deals_by_position ON deals (account_id, position_id);

CREATE TABLE devices (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    name TEXT NOT NULL,
    secret_sha256 BYTEA NOT NULL,
    secret_number INTEGER NOT NULL,
    request_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_seen_at TIMESTAMP WITH TIME ZONE,
    agent_version TEXT DEFAULT '' NOT NULL,
    terminal JSONB,
    CONSTRAINT devices_key PRIMARY KEY (id),
    CONSTRAINT one_device_per_request UNIQUE (account_id, request_id),
    CONSTRAINT devices_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX devices_by_account_id ON devices (account_id);

CREATE TABLE leases (
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    device_id UUID NOT NULL,
    session_epoch BYTEA NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT leases_key PRIMARY KEY (account_id),
    CONSTRAINT leases_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX leases_by_device ON leases (device_id);

CREATE TABLE pairing_codes (
    code_digest BYTEA NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    name TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pairing_codes_key PRIMARY KEY (code_digest),
    CONSTRAINT pairing_codes_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE INDEX pairing_codes_by_account_id ON pairing_codes (account_id);

CREATE TABLE producer_keys (
    id TEXT NOT NULL,
    owner_id UUID NOT NULL,
    producer_id UUID NOT NULL,
    algorithm TEXT NOT NULL,
    public_key BYTEA,
    secret_sealed BYTEA,
    request_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    revoked_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT producer_keys_key PRIMARY KEY (id),
    CONSTRAINT one_producer_key_per_request UNIQUE (producer_id, request_id),
    CONSTRAINT producer_keys_owner_id_producer_id_exists FOREIGN KEY(owner_id, producer_id) REFERENCES producers (owner_id, id)
);

CREATE INDEX producer_keys_by_producer_id ON producer_keys (producer_id);

CREATE TABLE snapshots (
    account_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    session_epoch BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    balance NUMERIC(27, 9) NOT NULL,
    equity NUMERIC(27, 9) NOT NULL,
    body BYTEA NOT NULL,
    connected BOOLEAN NOT NULL,
    event_time TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT snapshots_key PRIMARY KEY (account_id),
    CONSTRAINT snapshots_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id)
);

CREATE TABLE subscriptions (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    producer_id UUID NOT NULL,
    sizing_rule TEXT NOT NULL,
    sizing_value NUMERIC(27, 9) NOT NULL,
    approval_mode TEXT NOT NULL,
    quiet_start TEXT,
    quiet_end TEXT,
    quiet_zone TEXT,
    max_volume NUMERIC(27, 9),
    max_drift_pips NUMERIC(27, 9),
    max_spread_pips NUMERIC(27, 9),
    max_signal_age_seconds INTEGER,
    automatic_max_volume NUMERIC(27, 9),
    instruments TEXT[] NOT NULL,
    consent_version TEXT NOT NULL,
    consented_at TIMESTAMP WITH TIME ZONE NOT NULL,
    close_on_expiry BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT subscriptions_key PRIMARY KEY (id),
    CONSTRAINT subscriptions_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id),
    CONSTRAINT subscriptions_producer_id_exists FOREIGN KEY(producer_id) REFERENCES producers (id),
    CONSTRAINT subscriptions_consent_version_exists FOREIGN KEY(consent_version) REFERENCES consent_texts (version)
);

CREATE UNIQUE INDEX one_live_subscription_per_account_and_producer ON subscriptions (account_id, producer_id) WHERE cancelled_at IS NULL;

CREATE INDEX subscriptions_by_producer_id ON subscriptions (producer_id);

CREATE TABLE approvals (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    signal_id UUID NOT NULL,
    account_id UUID NOT NULL,
    subscription_id UUID NOT NULL,
    producer_id UUID NOT NULL,
    state TEXT NOT NULL,
    intent_text TEXT,
    intent_digest TEXT,
    kind TEXT,
    instrument TEXT NOT NULL,
    symbol TEXT,
    side TEXT NOT NULL,
    volume NUMERIC(27, 9),
    price_min NUMERIC(27, 9),
    price_max NUMERIC(27, 9),
    stop_loss NUMERIC(27, 9),
    take_profit NUMERIC(27, 9),
    price NUMERIC(27, 9),
    intent_expires_at TIMESTAMP WITH TIME ZONE,
    opening_approval_id UUID,
    signal_price NUMERIC(27, 9),
    money_at_risk NUMERIC(27, 9),
    currency TEXT NOT NULL,
    note TEXT DEFAULT '' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    mode TEXT DEFAULT '' NOT NULL,
    decided_by UUID,
    consent_version TEXT NOT NULL,
    caller_address TEXT DEFAULT '' NOT NULL,
    caller_agent TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    command_id UUID,
    server_signature BYTEA,
    server_key_id TEXT,
    owner_signature JSONB,
    CONSTRAINT approvals_key PRIMARY KEY (id),
    CONSTRAINT one_approval_per_signal_and_account UNIQUE (signal_id, account_id),
    CONSTRAINT approvals_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id),
    CONSTRAINT approvals_signal_id_exists FOREIGN KEY(signal_id) REFERENCES signals (id),
    CONSTRAINT approvals_subscription_id_exists FOREIGN KEY(subscription_id) REFERENCES subscriptions (id)
);

CREATE INDEX approvals_by_owner ON approvals (owner_id, id);

CREATE INDEX approvals_to_expire ON approvals (expires_at) WHERE state = 'pending';

CREATE INDEX approvals_waiting ON approvals (owner_id, expires_at) WHERE state = 'pending';

CREATE TABLE commands (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    account_id UUID NOT NULL,
    signal_id UUID,
    approval_id UUID,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER DEFAULT 1 NOT NULL,
    instrument TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    volume NUMERIC(27, 9),
    price_min NUMERIC(27, 9),
    price_max NUMERIC(27, 9),
    intent_text TEXT NOT NULL,
    intent_digest TEXT NOT NULL,
    server_signature BYTEA NOT NULL,
    server_key_id TEXT NOT NULL,
    owner_signature JSONB,
    magic BIGINT NOT NULL,
    opening_command_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    offered_at TIMESTAMP WITH TIME ZONE,
    granted_at TIMESTAMP WITH TIME ZONE,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    grant_id BYTEA,
    claim_nonce BYTEA,
    generation BIGINT,
    device_id UUID,
    reason TEXT DEFAULT '' NOT NULL,
    cancel_asked BOOLEAN DEFAULT false NOT NULL,
    order_ticket BIGINT DEFAULT 0 NOT NULL,
    position_id BIGINT DEFAULT 0 NOT NULL,
    filled_volume NUMERIC(27, 9) DEFAULT 0 NOT NULL,
    average_price NUMERIC(27, 9),
    CONSTRAINT commands_key PRIMARY KEY (id),
    CONSTRAINT one_command_per_approval UNIQUE (approval_id),
    CONSTRAINT one_command_per_magic UNIQUE (account_id, magic),
    CONSTRAINT one_command_per_grant UNIQUE (grant_id),
    CONSTRAINT commands_owner_id_account_id_exists FOREIGN KEY(owner_id, account_id) REFERENCES accounts (owner_id, id),
    CONSTRAINT commands_signal_id_exists FOREIGN KEY(signal_id) REFERENCES signals (id),
    CONSTRAINT commands_approval_id_exists FOREIGN KEY(approval_id) REFERENCES approvals (id),
    CONSTRAINT commands_opening_command_id_exists FOREIGN KEY(opening_command_id) REFERENCES commands (id)
);

CREATE INDEX commands_by_signal_id ON commands (signal_id);

CREATE INDEX commands_not_over ON commands (account_id, created_at) WHERE state IN ('approved', 'offered', 'granted', 'working', 'in-doubt');

CREATE INDEX commands_to_expire ON commands (expires_at) WHERE state IN ('approved', 'offered');

CREATE TABLE command_tags (
    account_id UUID NOT NULL,
    magic BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    command_id UUID NOT NULL,
    attempt INTEGER NOT NULL,
    CONSTRAINT command_tags_key PRIMARY KEY (account_id, magic),
    CONSTRAINT command_tags_command_id_exists FOREIGN KEY(command_id) REFERENCES commands (id)
)
"""

# Rows of one owner. Beneath the code, so that a forgotten WHERE shows nothing instead of everything.
OWNED = (
    "audit_entries",
    "command_reports",
    "signals",
    "accounts",
    "api_tokens",
    "producers",
    "account_symbols",
    "broker_symbols",
    "deals",
    "devices",
    "leases",
    "pairing_codes",
    "producer_keys",
    "snapshots",
    "subscriptions",
    "approvals",
    "commands",
    "command_tags",
)

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"

# What others may see of an owner's rows: a strategy they follow or could follow, and signals laid before them.
SHARED = {
    "producers": """listed OR EXISTS (
        SELECT FROM subscriptions s
        WHERE s.producer_id = producers.id AND s.owner_id::text = current_setting('countersign.tenant', true))""",
    "signals": """EXISTS (
        SELECT FROM approvals a
        WHERE a.signal_id = signals.id AND a.owner_id::text = current_setting('countersign.tenant', true))""",
}

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in OWNED:
        _bind(table, IS_MINE)
    _bind("users", IS_MINE.replace("owner_id", "id"))
    for table, visible in SHARED.items():
        op.execute(f"CREATE POLICY shared ON {table} FOR SELECT USING ({visible})")
    op.execute(APPEND_ONLY)


def _bind(table: str, is_mine: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    # The owner of a table is exempt unless forced, and the application owns its tables.
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {is_mine})")
