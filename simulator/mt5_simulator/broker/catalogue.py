"""Symbols as brokers really describe them.

Contract sizes, digits, steps, margins, swaps and modes are those printed by terminals of retail
brokers; start prices and volatilities are ours.
"""

from datetime import time
from decimal import Decimal

from mt5_simulator.broker.codes import CalcMode, FillingMask, SwapMode
from mt5_simulator.broker.symbols import ALWAYS, Symbol, weekdays

D = Decimal

EURUSD = Symbol(
    name="EURUSD",
    description="Euro vs US Dollar",
    path="Forex\\Majors\\EURUSD",
    currency_base="EUR",
    currency_profit="USD",
    currency_margin="EUR",
    digits=5,
    contract_size=D(100000),
    volume_min=D("0.01"),
    volume_max=D(100),
    volume_step=D("0.01"),
    start_price=D("1.08500"),
    spread_points=10,
    volatility_points=3,
    stops_level=1,
    margin_hedged=D(50000),
    swap_long=D(-11),
    swap_short=D("1.14064"),
)

GBPUSD = Symbol(
    name="GBPUSD",
    description="Great Britain Pound vs US Dollar",
    path="Forex\\Majors\\GBPUSD",
    currency_base="GBP",
    currency_profit="USD",
    currency_margin="GBP",
    digits=5,
    contract_size=D(100000),
    volume_min=D("0.01"),
    volume_max=D(500),
    volume_step=D("0.01"),
    start_price=D("1.27000"),
    spread_points=14,
    volatility_points=4,
    margin_hedged=D(50000),
    swap_long=D("-3.2"),
    swap_short=D("-1.9"),
)

USDJPY = Symbol(
    name="USDJPY",
    description="US Dollar vs Japanese Yen",
    path="Forex\\Majors\\USDJPY",
    currency_base="USD",
    currency_profit="JPY",
    currency_margin="USD",
    digits=3,
    contract_size=D(100000),
    volume_min=D("0.01"),
    volume_max=D(200),
    volume_step=D("0.01"),
    start_price=D("147.956"),
    spread_points=12,
    volatility_points=4,
    filling=FillingMask.IOC,
    margin_initial=D(100000),
    margin_hedged=D(100000),
    swap_long=D("12.46"),
    swap_short=D("-25.92"),
)

XAUUSD = Symbol(
    name="XAUUSD",
    description="Gold vs US Dollar",
    path="Metals\\XAUUSD",
    currency_base="XAU",
    currency_profit="USD",
    currency_margin="USD",
    digits=2,
    contract_size=D(100),
    volume_min=D("0.01"),
    volume_max=D(20),
    volume_step=D("0.01"),
    start_price=D("2350.00"),
    spread_points=25,
    volatility_points=12,
    calc_mode=CalcMode.CFDLEVERAGE,
    swap_long=D("-71.5"),
    swap_short=D("32.5"),
    sessions=weekdays(time(1), time(0)),
)

US30 = Symbol(
    name="US30",
    description="US Wall Street 30 Index",
    path="Indices\\US30",
    currency_base="USD",
    currency_profit="USD",
    currency_margin="USD",
    digits=2,
    contract_size=D(1),
    volume_min=D("0.01"),
    volume_max=D(250),
    volume_step=D("0.01"),
    start_price=D("39500.00"),
    spread_points=200,
    volatility_points=150,
    calc_mode=CalcMode.CFDINDEX,
    filling=FillingMask.IOC,
    margin_rate=D("0.01"),
    swap_mode=SwapMode.CURRENCY_MARGIN,
    swap_long=D("-4.55"),
    swap_short=D("0.91"),
    swap_triple_day=5,
    sessions=weekdays(time(1), time(0)),
    book_depth=0,
)

BTCUSD = Symbol(
    name="BTCUSD",
    description="Bitcoin vs US Dollar",
    path="Cryptos\\BTCUSD",
    currency_base="BTC",
    currency_profit="USD",
    currency_margin="USD",
    digits=2,
    contract_size=D(1),
    volume_min=D("0.01"),
    volume_max=D(10),
    volume_step=D("0.01"),
    start_price=D("67889.22"),
    spread_points=2432,
    volatility_points=900,
    calc_mode=CalcMode.CFD,
    filling=FillingMask.FOK,
    margin_rate=D("0.5"),
    swap_mode=SwapMode.INTEREST_OPEN,
    swap_long=D(-25),
    swap_short=D(-25),
    swap_triple_day=7,
    sessions=ALWAYS,
    book_depth=0,
)

CATALOGUE = (EURUSD, GBPUSD, USDJPY, XAUUSD, US30, BTCUSD)
