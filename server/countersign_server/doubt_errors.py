"""How settling a command in doubt is refused; part of the tree in errors.py."""

from countersign_server.errors import NotNow


class NotInDoubt(NotNow):
    reason = "NOT_IN_DOUBT"
    advice = "Nobody doubts what became of the command; its status says it."


class AlreadySettled(NotNow):
    reason = "ALREADY_SETTLED"
    advice = "It is settled so already; its evidence says by whom and why."


class ConfirmationStale(NotNow):
    reason = "CONFIRMATION_STALE"
    advice = "Look at the evidence again, and ask for a new confirmation token."


class CloseUnderWay(NotNow):
    reason = "CLOSE_UNDER_WAY"
    advice = "A close of this exposure is not over yet; wait for what becomes of it."


class ExposureNotShown(NotNow):
    reason = "EXPOSURE_NOT_SHOWN"
    advice = (
        "The terminal shows nothing of this command, and on a netting account a close would take "
        "what others opened; look at the terminal."
    )
