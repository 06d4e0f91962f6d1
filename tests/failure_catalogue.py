"""What can go wrong between approval and fill, and the tests that show what happens then.

The rows are those of the failure catalogue; a test proves that every test named here exists.
"""

from dataclasses import dataclass

_UNIT, _INTEGRATION, _SYSTEM = "tests/unit/test_", "tests/integration/test_", "tests/system/test_"
_GUARD = f"{_UNIT}bridge_guard.py::test_"
_CLOSING = f"{_UNIT}bridge_guard_closing.py::test_"
_GUARDS = "tests/integration/test_guards_"
_PLAN = "tests/unit/test_guards_closing_plan.py::test_"
_CORE = f"{_UNIT}bridge_crashes_everywhere.py::test_"
_FAILURES = f"{_UNIT}bridge_terminal_failures.py::test_"
_COMMANDS = f"{_UNIT}bridge_commands_at_terminal.py::test_"
_CHECKS = f"{_UNIT}bridge_verification.py::test_"
_SESSION = f"{_UNIT}bridge_session.py::test_"
_LINK = f"{_INTEGRATION}bridge_terminal_link.py::test_"
_JOURNAL = f"{_INTEGRATION}bridge_journal.py::test_"
_CHANNEL = f"{_INTEGRATION}execution_channel.py::test_"
_DISTRUST = f"{_INTEGRATION}execution_distrust.py::test_"
_DECISIONS = f"{_UNIT}execution_decisions.py::test_"
_BOOKED = f"{_INTEGRATION}execution_failures.py::test_"
_RACES = f"{_INTEGRATION}approvals_races.py::test_"
_DECIDING = f"{_INTEGRATION}approvals_deciding.py::test_"
_SIMULATOR = f"{_UNIT}simulator_"
_RUNNING = f"{_SYSTEM}bridge_running.py::test_"
_KILL = f"{_SYSTEM}kill_"
_ANYWHERE = f"{_KILL}server_at_points.py::test_wherever_the_server_dies_the_books_agree"


@dataclass(frozen=True, slots=True)
class Failure:
    """One row: what goes wrong, and which tests bring it about. `missing`: what no test shows."""

    number: int
    what: str
    tests: tuple[str, ...]
    missing: str = ""


CATALOGUE = (
    Failure(
        1,
        "the order executes and its reply is lost",
        (
            f"{_CORE}a_lost_reply_is_found_again_by_the_tag",
            f"{_LINK}after_an_answer_out_of_step_the_process_is_a_new_one",
        ),
    ),
    Failure(
        2,
        "the order never reaches the terminal",
        (
            f"{_CORE}whatever_fails_the_order_is_sent_at_most_once_and_told_as_it_was",
            f"{_UNIT}bridge_retcodes.py::test_no_answer_is_doubt_unless_nothing_can_have_left",
        ),
    ),
    Failure(
        3,
        "a call hangs for ever",
        (
            f"{_LINK}a_call_that_hangs_is_cut_off_and_its_grant_stays_used",
            f"{_KILL}processes.py::test_a_terminal_that_hangs_costs_no_session_and_what_it_did_is_found",
        ),
    ),
    Failure(
        4,
        "a doubtful code, and executed after all, now or later",
        (
            f"{_CORE}whatever_fails_the_order_is_sent_at_most_once_and_told_as_it_was",
            f"{_CHANNEL}a_granted_command_without_a_result_is_in_doubt_and_a_late_deal_ends_it",
        ),
    ),
    Failure(
        5,
        "a doubtful code, and never executed",
        (
            f"{_CORE}what_never_shows_stays_in_doubt_with_evidence_and_is_not_sent_again",
            f"{_DECISIONS}absence_is_presumed_after_long_enough_with_whole_history_and_connection",
        ),
    ),
    Failure(
        6,
        "an order is placed, and fills later or never",
        (
            f"{_CORE}whatever_fails_the_order_is_sent_at_most_once_and_told_as_it_was",
            f"{_FAILURES}an_order_that_was_placed_and_never_fills_is_told_as_over",
        ),
    ),
    Failure(
        7,
        "done, and no deal is named yet",
        (
            f"{_CORE}whatever_fails_the_order_is_sent_at_most_once_and_told_as_it_was",
            f"{_UNIT}bridge_retcodes.py::test_done_is_done_only_when_it_says_what_was_done",
        ),
    ),
    Failure(
        8,
        "a partial fill in several deals at different prices",
        (
            f"{_FAILURES}every_deal_of_a_partial_fill_is_told_with_its_own_price",
            f"{_DECISIONS}deals_add_up_to_volume_and_weighted_price",
        ),
    ),
    Failure(
        9,
        "more is filled than was approved",
        (
            f"{_FAILURES}an_overfill_is_told_as_it_is_and_never_clipped",
            f"{_BOOKED}more_than_was_approved_is_booked_as_it_is_and_raises_an_alarm",
        ),
    ),
    Failure(
        10,
        "requotes, and no price",
        (f"{_FAILURES}a_refused_price_or_a_closed_market_is_not_chased",),
    ),
    Failure(
        11,
        "the market is closed",
        (
            f"{_FAILURES}a_refused_price_or_a_closed_market_is_not_chased",
            f"{_FAILURES}a_market_that_is_closed_takes_no_order_beyond_the_approval",
        ),
    ),
    Failure(
        12,
        "trading is switched off at the terminal, its interface or its login",
        (
            f"{_CHECKS}a_terminal_out_of_order_is_given_nothing",
            f"{_SYSTEM}bridge_doctor.py::test_doctor_names_the_switch_to_flip_and_no_other",
        ),
    ),
    Failure(
        13,
        "a restarted terminal has an empty history that looks whole",
        (
            f"{_FAILURES}a_history_that_is_empty_after_a_restart_is_no_evidence",
            f"{_DECISIONS}nothing_less_is_ever_presumed",
        ),
    ),
    Failure(
        14,
        "a disconnected terminal answers with yesterday",
        (
            f"{_SIMULATOR}terminal.py::test_a_disconnected_terminal_shows_yesterday",
            f"{_CHECKS}a_terminal_out_of_order_is_given_nothing",
        ),
    ),
    Failure(
        15,
        "another account is logged in",
        (
            f"{_COMMANDS}another_account_stops_everything",
            f"{_LINK}another_account_is_neither_read_nor_traded",
        ),
    ),
    Failure(
        16,
        "a netting account where hedging was expected",
        (
            f"{_CHANNEL}a_terminal_of_another_account_is_not_let_in",
            f"{_CHECKS}an_intent_for_another_account_is_declined",
        ),
    ),
    Failure(
        17,
        "a symbol's name or contract changes",
        (
            f"{_CHECKS}a_terminal_out_of_order_is_given_nothing",
            f"{_DECIDING}a_symbol_confirmed_anew_is_not_what_was_shown",
        ),
    ),
    Failure(
        18, "the broker rewrites comments", (f"{_FAILURES}a_rewritten_comment_changes_nothing",)
    ),
    Failure(
        19,
        "a position gets another ticket",
        (f"{_COMMANDS}a_position_is_found_after_the_broker_gave_it_another_ticket",),
    ),
    Failure(
        20,
        "somebody else closes, by hand, by stop or by stop-out",
        (
            f"{_FAILURES}what_somebody_else_closes_is_told_and_nothing_is_sent_for_it",
            f"{_COMMANDS}a_command_about_what_is_gone_is_declined",
        ),
    ),
    Failure(
        21,
        "positions are None and not empty",
        (f"{_LINK}none_is_a_failure_and_never_no_positions",),
    ),
    Failure(
        22,
        "a field has a type that the package misreads",
        (f"{_UNIT}bridge_requests.py::test_a_field_the_package_would_misread_is_refused",),
    ),
    Failure(
        23,
        "the bridge crashes at any moment around the send",
        (
            f"{_RUNNING}a_crash_at_any_named_point_sends_at_most_one_order_and_tells_the_truth",
            f"{_CORE}whatever_fails_the_order_is_sent_at_most_once_and_told_as_it_was",
        ),
    ),
    Failure(
        24,
        "the journal's tail is torn",
        (f"{_JOURNAL}a_torn_tail_is_dropped_and_the_rest_kept",),
    ),
    Failure(
        25,
        "the journal is lost, or its disk is full",
        (
            f"{_FAILURES}a_bridge_that_lost_its_journal_resolves_what_was_granted_and_sends_nothing_again",
            f"{_KILL}disk.py::test_a_bridge_whose_disk_is_full_claims_nothing_and_goes_on_when_there_is_room",
            f"{_KILL}disk.py::test_a_bridge_that_dies_on_a_full_disk_sends_nothing_twice",
        ),
    ),
    Failure(
        26,
        "the machine is rolled back to a snapshot",
        (
            f"{_FAILURES}a_machine_rolled_back_to_an_earlier_journal_sends_nothing_again",
            f"{_CHANNEL}a_deal_told_in_two_sessions_counts_once",
        ),
    ),
    Failure(
        27,
        "two copies of one bridge live",
        (
            f"{_CHANNEL}one_session_an_account_and_the_next_when_it_has_ended",
            f"{_CHANNEL}a_command_is_never_granted_twice",
        ),
    ),
    Failure(
        28,
        "the bridge sleeps",
        (f"{_KILL}processes.py::test_a_bridge_that_slept_sends_nothing_under_a_grant_that_lapsed",),
    ),
    Failure(
        29,
        "a clock is wrong, or jumps",
        (
            f"{_UNIT}bridge_attempts.py::test_a_grant_has_lapsed_when_either_clock_says_so",
            f"{_CHECKS}an_intent_is_over_when_its_text_says_so_whatever_the_offer_says",
        ),
    ),
    Failure(
        30,
        "the disk takes seconds to sync",
        (f"{_COMMANDS}a_disk_that_takes_longer_than_the_grant_sends_nothing",),
    ),
    Failure(
        31,
        "something locks the journal",
        (
            f"{_JOURNAL}a_locked_file_refuses_and_writes_nothing",
            f"{_JOURNAL}a_state_that_cannot_be_written_says_so",
        ),
    ),
    Failure(
        32,
        "a connection dies without a word",
        (
            f"{_KILL}network.py::test_a_bridge_cut_off_from_its_server_comes_back_and_the_books_agree",
            f"{_CHANNEL}a_silent_session_lapses",
            f"{_SESSION}silence_ends_the_session",
        ),
    ),
    Failure(
        33,
        "frames under way are lost when the stream breaks",
        (
            f"{_COMMANDS}what_was_not_acknowledged_is_told_in_the_next_session",
            f"{_RUNNING}a_bridge_whose_stream_is_cut_comes_back_with_what_was_not_taken",
        ),
    ),
    Failure(
        34,
        "frames of an old stream come after a new one has begun",
        (
            f"{_CHANNEL}a_frame_of_another_session_ends_the_stream",
            f"{_SESSION}a_late_frame_of_an_older_stream_is_nothing",
        ),
    ),
    Failure(
        35,
        "a bridge does not read",
        (f"{_BOOKED}a_bridge_that_does_not_read_loses_its_session_before_memory_is_lost",),
    ),
    Failure(36, "the server crashes between commit and acknowledgement", (_ANYWHERE,)),
    Failure(37, "the server crashes between the grant's commit and saying it", (_ANYWHERE,)),
    Failure(
        38,
        "the database is restored from a backup",
        (
            f"{_CHANNEL}a_bridge_that_has_seen_more_grants_than_we_remember_puts_all_in_doubt",
            f"{_CHANNEL}a_day_of_deals_that_differs_is_asked_for",
            f"{_DISTRUST}what_was_sent_without_a_grant_we_know_is_in_doubt_and_never_granted",
        ),
    ),
    Failure(
        39,
        "session epochs are restored with the database",
        (f"{_BOOKED}every_session_has_an_epoch_that_nobody_could_have_counted_up_to",),
    ),
    Failure(
        40,
        "the database loses what it committed last",
        (f"{_BOOKED}a_commit_waits_for_the_disk_whatever_the_database_does_by_default",),
        missing="a standby that takes over: no test runs one",
    ),
    Failure(
        41,
        "two servers serve one account",
        (
            f"{_CHANNEL}revoke_and_claim_at_once_have_exactly_one_winner",
            f"{_INTEGRATION}devices_leases.py::test_of_many_who_ask_at_once_one_takes_it",
        ),
    ),
    Failure(
        42,
        "double clicks, approvals after expiry, approvals of what was changed",
        (
            f"{_RACES}a_double_click_approves_once_and_answers_twice",
            f"{_RACES}a_decision_in_the_last_moment_holds_or_the_entry_has_expired",
            f"{_DECIDING}another_intent_than_the_one_shown_is_not_approved",
        ),
    ),
    Failure(
        43,
        "taking back races with the grant",
        (
            f"{_CHANNEL}revoke_and_claim_at_once_have_exactly_one_winner",
            f"{_RACES}of_taking_back_and_granting_exactly_one_wins",
        ),
    ),
    Failure(
        44,
        "a drawdown guard trips while the server is out of reach",
        (
            f"{_SYSTEM}guard_alone.py::test_with_the_server_killed_the_bridge_closes_alone_and_the_server_learns_of_it",
            f"{_KILL}bridge_guard.py::test_killed_anywhere_without_a_server_it_closes_each_thing_once_and_tells_it",
            f"{_CLOSING}wherever_the_power_goes_each_position_is_closed_once_and_nothing_is_opened",
            f"{_GUARD}under_a_latch_nothing_is_opened_whatever_the_server_offers",
            f"{_GUARDS}bridge_story.py::test_a_persons_word_that_the_bridge_missed_goes_before_what_it_holds",
        ),
    ),
    Failure(
        45,
        "a guard's close fails, or is partial, or the market is closed",
        (
            f"{_CLOSING}what_is_refused_is_tried_again_later_and_later_and_each_time_told",
            f"{_CLOSING}a_partial_close_is_told_and_the_rest_is_closed",
            f"{_CLOSING}a_closed_market_keeps_it_latched_and_the_first_price_of_the_next_day_closes",
            f"{_CLOSING}on_a_netting_account_the_volume_is_read_again_before_each_attempt",
            f"{_GUARDS}closing.py::test_a_close_that_failed_is_a_new_command_and_told",
            f"{_GUARDS}closing.py::test_a_close_that_waits_for_the_market_says_so_and_is_offered_again",
            f"{_PLAN}nothing_is_closed_beside_one_in_doubt_until_a_person_settles_it",
        ),
    ),
    Failure(
        46,
        "a guard and the owner close the same position",
        (
            f"{_CLOSING}a_command_about_what_the_bridge_closes_is_refused_with_the_reason",
            f"{_CLOSING}what_a_command_may_have_closed_is_not_closed_beside_it",
            f"{_CLOSING}a_server_that_closes_is_left_alone",
            f"{_PLAN}a_position_that_somebody_closes_is_left_to_them",
        ),
    ),
    Failure(
        47,
        "a bad tick looks like a drawdown",
        (
            f"{_GUARD}a_bad_tick_alone_closes_nothing",
            f"{_GUARD}the_server_learns_of_everything_in_its_order_and_once",
            f"{_UNIT}guards_losses.py::test_a_loss_that_rests_on_a_doubtful_price_must_last_longer",
        ),
    ),
)
