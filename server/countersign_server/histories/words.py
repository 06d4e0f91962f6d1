"""Words that reports of terminals in other languages use. Deals themselves are named in English."""

# What stands before the currency in the tester's report. An account's report names it by its form.
CURRENCY = frozenset(
    {
        *("Currency", "Währung", "Валюта", "Divisa", "Moneda", "Moeda", "Devise", "Valuta"),
        *("Waluta", "Měna", "Para birimi", "Pénznem", "通貨", "货币", "貨幣", "통화", "ngoại tệ"),
    }
)
# The tester counts points instead of money, and says so in place of a currency.
IN_PIPS = "profit in pips"
PIPS = "PIPS"
