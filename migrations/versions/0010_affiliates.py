"""Affiliates: who brought whom, on which terms, and a ledger of what is owed and paid.

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE affiliates (
    owner_id UUID NOT NULL,
    token TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT affiliates_key PRIMARY KEY (owner_id),
    CONSTRAINT one_affiliate_per_token UNIQUE (token),
    CONSTRAINT affiliates_owner_id_exists FOREIGN KEY(owner_id) REFERENCES users (id)
);

CREATE TABLE referrals (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    referred_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT referrals_key PRIMARY KEY (id),
    CONSTRAINT one_referrer_per_user UNIQUE (referred_id),
    CONSTRAINT nobody_refers_themselves CHECK (owner_id <> referred_id),
    CONSTRAINT referrals_owner_id_exists FOREIGN KEY(owner_id) REFERENCES affiliates (owner_id),
    CONSTRAINT referrals_referred_id_exists FOREIGN KEY(referred_id) REFERENCES users (id)
);

CREATE INDEX referrals_by_owner_id ON referrals (owner_id);

CREATE TABLE affiliate_programs (
    id UUID NOT NULL,
    currency TEXT NOT NULL,
    basis TEXT NOT NULL,
    measure TEXT NOT NULL,
    tiers JSONB NOT NULL,
    minimum_payout NUMERIC(27, 9) NOT NULL,
    earning_days INTEGER NOT NULL,
    closed BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT affiliate_programs_key PRIMARY KEY (id)
);

CREATE INDEX affiliate_programs_by_time ON affiliate_programs (currency, created_at);

CREATE TABLE affiliate_progress (
    name TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    CONSTRAINT affiliate_progress_key PRIMARY KEY (name)
);

CREATE TABLE payouts (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    request_id UUID NOT NULL,
    content_digest BYTEA NOT NULL,
    amount NUMERIC(27, 9) NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    bank_details_sealed BYTEA NOT NULL,
    bank_account_hint TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reference TEXT DEFAULT '' NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    CONSTRAINT payouts_key PRIMARY KEY (id),
    CONSTRAINT one_payout_per_request UNIQUE (owner_id, request_id),
    CONSTRAINT a_payout_pays_something CHECK (amount > 0),
    CONSTRAINT payouts_owner_id_exists FOREIGN KEY(owner_id) REFERENCES affiliates (owner_id)
);

CREATE INDEX payouts_by_owner ON payouts (owner_id, id);

CREATE TABLE ledger_entries (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    kind TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    referral_id UUID,
    account_id UUID,
    broker_server TEXT,
    broker_login BIGINT,
    deal_ticket BIGINT,
    program_id UUID,
    traded_at TIMESTAMP WITH TIME ZONE,
    lots NUMERIC(27, 9),
    payout_id UUID,
    reverses_id UUID,
    reason TEXT DEFAULT '' NOT NULL,
    CONSTRAINT ledger_entries_key PRIMARY KEY (id),
    CONSTRAINT one_commission_per_deal UNIQUE (broker_server, broker_login, deal_ticket),
    CONSTRAINT one_reversal_per_entry UNIQUE (reverses_id),
    CONSTRAINT each_step_of_a_payout_is_booked_once UNIQUE (payout_id, kind),
    CONSTRAINT ledger_entries_owner_id_exists FOREIGN KEY(owner_id) REFERENCES affiliates (owner_id),
    CONSTRAINT ledger_entries_referral_id_exists FOREIGN KEY(referral_id) REFERENCES referrals (id),
    CONSTRAINT ledger_entries_account_id_exists FOREIGN KEY(account_id) REFERENCES accounts (id),
    CONSTRAINT ledger_entries_program_id_exists FOREIGN KEY(program_id) REFERENCES affiliate_programs (id),
    CONSTRAINT ledger_entries_payout_id_exists FOREIGN KEY(payout_id) REFERENCES payouts (id),
    CONSTRAINT ledger_entries_reverses_id_exists FOREIGN KEY(reverses_id) REFERENCES ledger_entries (id)
);

CREATE INDEX ledger_entries_by_owner ON ledger_entries (owner_id, id);

CREATE INDEX commissions_by_time ON ledger_entries (owner_id, traded_at) WHERE traded_at IS NOT NULL;

CREATE TABLE ledger_lines (
    entry_id UUID NOT NULL,
    number SMALLINT NOT NULL,
    owner_id UUID,
    purpose TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount NUMERIC(27, 9) NOT NULL,
    CONSTRAINT ledger_lines_key PRIMARY KEY (entry_id, number),
    CONSTRAINT a_line_moves_something CHECK (amount <> 0),
    CONSTRAINT affiliates_accounts_have_owners
        CHECK ((purpose IN ('available', 'reserved')) = (owner_id IS NOT NULL)),
    CONSTRAINT ledger_lines_entry_id_exists FOREIGN KEY(entry_id) REFERENCES ledger_entries (id)
);

CREATE INDEX ledger_lines_of_account ON ledger_lines (owner_id, purpose, currency);

INSERT INTO affiliate_progress (name, sequence) VALUES ('commissions', 0)
"""

# Whoever writes, by whatever way: what the ledger promises is kept by the ledger itself.
PROMISES = """
CREATE FUNCTION refuse_unbalanced_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM ledger_lines WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount) <> 0
    ) THEN
        RAISE EXCEPTION 'the lines of entry % do not add up to nothing', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'lines_add_up_to_nothing';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER lines_add_up_to_nothing AFTER INSERT ON ledger_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_entry();

CREATE FUNCTION refuse_overdraft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Of two payouts at once the second waits here, and then sees what the first has taken.
    PERFORM FROM affiliates WHERE owner_id = NEW.owner_id FOR NO KEY UPDATE;
    IF NEW.amount + (
        SELECT coalesce(sum(amount), 0) FROM ledger_lines
        WHERE owner_id = NEW.owner_id AND purpose = 'available' AND currency = NEW.currency
    ) < 0 THEN
        RAISE EXCEPTION 'a payout takes more than there is'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_payout_above_the_balance';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION is_payout(entry UUID) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM ledger_entries WHERE id = entry AND kind = 'payout-requested')
$$;
CREATE TRIGGER no_payout_above_the_balance BEFORE INSERT ON ledger_lines FOR EACH ROW
    WHEN (NEW.purpose = 'available' AND NEW.amount < 0 AND is_payout(NEW.entry_id))
    EXECUTE FUNCTION refuse_overdraft();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger_lines
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON affiliate_programs
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ledger_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON affiliate_programs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""

OWNED = ("affiliates", "referrals", "payouts", "ledger_entries", "ledger_lines")

IS_SYSTEM = "current_setting('countersign.tenant', true) = 'system'"
IS_MINE = "owner_id::text = current_setting('countersign.tenant', true)"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(PROMISES)
    for table in OWNED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant ON {table} USING ({IS_SYSTEM} OR {IS_MINE})")
