"""Where money is sent: whether it can be right, and what of it may be shown."""

import json
from dataclasses import asdict, dataclass

from countersign_server.errors import Invalid

_SHOWN = 4
# ISO 13616: an IBAN read as a number, letters as 10 to 35, leaves 1 when divided by 97.
_DIVISOR = 97


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDetails:
    """A bank account. `iban` or `number` with `bank_code` and `country`; the others are empty."""

    holder: str
    iban: str = ""
    number: str = ""
    bank_code: str = ""
    country: str = ""
    bic: str = ""

    @property
    def hint(self) -> str:
        """As much of the number as its owner needs to know it by."""
        return f"…{(self.iban or self.number)[-_SHOWN:]}"


def check_bank_details(details: BankDetails) -> None:
    """Raise Invalid if the check digits of an IBAN do not fit the rest of it."""
    if details.iban and not _checks(details.iban):
        raise Invalid(
            "its check digits do not fit: look for a wrong or swapped character",
            field="bank_details.iban",
        )


def plain_text(details: BankDetails) -> bytes:
    """Return the details as they are sealed: the same details give the same bytes."""
    return json.dumps(asdict(details), sort_keys=True, ensure_ascii=False).encode()


def from_plain_text(text: bytes) -> BankDetails:
    """Return what `plain_text` was made of."""
    return BankDetails(**json.loads(text))


def _checks(iban: str) -> bool:
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % _DIVISOR == 1
