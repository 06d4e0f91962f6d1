"""The one-line help each function of the package shows, as the package words it."""

DOCS = {
    "account_info": ("account_info()\n\nReturn information on the current account"),
    "copy_rates_from": (
        "copy_rates_from(symbol, timeframe, date_from, count)"
        "\n\nGet bars starting from specific date"
    ),
    "copy_rates_from_pos": (
        "copy_rates_from_pos(symbol, timeframe, start_pos, count)"
        "\n\nGet bars starting from specified position"
    ),
    "copy_rates_range": (
        "copy_rates_range(symbol, timeframe, date_from, date_to)\n\nGet bars from specified period"
    ),
    "copy_ticks_from": (
        "copy_ticks_from(symbol, date_from, count, flags)\n\nGet ticks starting from specific date"
    ),
    "copy_ticks_range": (
        "copy_ticks_range(symbol, date_from, date_to, flags)\n\nGet ticks from specified period"
    ),
    "history_deals_get": (
        'history_deals_get([date_from, date_to, [group="GROUP"]],[position=POSITION],'
        "[ticket=TICKET])"
        "\n\nReturn deals in selected range from history or filtered by position id, ticket"
    ),
    "history_deals_total": (
        "history_deals_total(date_from, date_to)"
        "\n\nReturn the number of deals in selected range from history"
    ),
    "history_orders_get": (
        'history_orders_get([date_from, date_to, [group="GROUP"]],[position=POSITION],'
        "[ticket=TICKET])"
        "\n\nReturn orders in selected range from history or filtered by position id, ticket"
    ),
    "history_orders_total": (
        "history_orders_total(date_from, date_to)"
        "\n\nReturn the number of orders in selected range from history"
    ),
    "initialize": (
        'initialize([path],[server="SERVER"],[login=LOGIN],[password="PASSWORD"])'
        "\n\nEstablish connection to MetaTrader 5 terminal"
    ),
    "last_error": ("last_error()\n\nReturn last error code and description"),
    "login": ('login(login,[server="SERVER"],[password="PASSWORD"])\n\nLog in to specific account'),
    "market_book_add": ("market_book_add(symbol)\n\nOpens Depth of Market for a selected symbol"),
    "market_book_get": (
        "market_book_get(symbol)\n\nReturns Depth of Market structures of a specified symbol"
    ),
    "market_book_release": (
        "market_book_release(symbol)\n\nCloses Depth of Market for a selected symbol"
    ),
    "order_calc_margin": (
        "order_calc_margin(action, symbol, volume, price,)"
        "\n\nCalculate margin required for specified order"
    ),
    "order_calc_profit": (
        "order_calc_profit(action, symbol, volume, price_open, price_close)"
        "\n\nCalculate profit for the current account in the current market conditions based on "
        "parameters passed"
    ),
    "order_check": (
        "order_check(request)"
        "\n\nCheck if there are enough funds to execute required trading operation"
    ),
    "order_send": ("order_send(request)\n\nSend trading requests to server"),
    "orders_get": (
        'orders_get([symbol="SYMBOL"],[ticket=TICKET],[group="GROUP"])'
        "\n\nReturn all orders, can be filtered by symbol, group or ticket"
    ),
    "orders_total": ("orders_total()\n\nReturn the number of orders"),
    "positions_get": (
        'positions_get([symbol="SYMBOL"],[ticket=TICKET],[group="GROUP"])'
        "\n\nReturn all open positions, can be filtered by symbol, group or ticket"
    ),
    "positions_total": ("positions_total()\n\nReturn the number of open positions"),
    "shutdown": ("shutdown()\n\nDisconnect from MetaTrader 5 terminal"),
    "symbol_info": ("symbol_info(symbol)\n\nReturn full information for specified symbol"),
    "symbol_info_tick": ("symbol_info_tick(symbol)\n\nReturn current prices of specified symbol"),
    "symbol_select": (
        "symbol_select(symbol,[enable])"
        "\n\nSelect symbol in Market Watch window or remove symbol from the window"
    ),
    "symbols_get": (
        'symbols_get([group="GROUP"])\n\nReturn all available symbols or filtred by group'
    ),
    "symbols_total": ("symbols_total()\n\nReturn the number of all available symbols"),
    "terminal_info": ("terminal_info()\n\nGet parameters of MetaTrader 5 terminal"),
    "version": ("version()\n\nGet MetaTrader 5 terminal version"),
}
