"""What agents count: every counter by name, with the sentence that explains it to whoever reads a status.

A status has counters as names to numbers, so agents and tools of different versions understand each other; a name that a
tool does not know has no sentence there. A counter is named here once: a misspelt one does not pass the type checker.
"""

from enum import StrEnum


class Counter(StrEnum):
    """A counter; its value is its name in a status, `description` says in one sentence what it counted."""

    description: str

    def __new__(cls, name: str, description: str) -> "Counter":
        """Make the member of that name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.description = description
        return member

    # Sockets

    BACK_PRESSURED = (
        "back_pressured",
        "Frames that a full socket did not take; publications are repaired from the log.",
    )
    NOT_CONNECTED = (
        "not_connected",
        "Frames for a peer that was not there; requests are repeated until their deadline.",
    )
    MULTIPART = "multipart", "Messages in several parts that were discarded: a frame is one part."
    OVERSIZED = "oversized", "Frames that were discarded because they are larger than the mesh allows."
    MALFORMED = "malformed", "Frames that were discarded because they have no valid header."
    GREETINGS_REFUSED = (
        "greetings_refused",
        "Connections on this host that did not say what they want.",
    )

    # Links and requests

    FRAMES_REFUSED = "frames_refused", "Publications that were no frames of a stream that is followed."
    MESSAGES_REFUSED = "messages_refused", "Messages in order that could not be read, each counted as lost."
    REQUESTS_REFUSED = "requests_refused", "Requests that could not be read and were not answered."
    REPLIES_REFUSED = "replies_refused", "Answers that could not be read; their requests wait for another."
    REPAIRS = "repairs", "Requests to a publisher for what was missed: replays and snapshots."
    SUBSCRIPTIONS_DEAF = "subscriptions_deaf", "Subscriptions made anew because nothing came live over them."
    ANCHORS_REFUSED = "anchors_refused", "Anchors that a start passed over; it folded more of the log instead."
    PAUSES = "pauses", "Times that this process stood still for so long that no stream counted as live after it."

    # Market data

    VENUE_FRAME_BAD = "venue_frame_bad", "Frames of the venue that could not be understood."
    VENUE_FRAME_OTHER = (
        "venue_frame_other",
        "Frames of the venue that belong to no feed, such as answers to subscriptions.",
    )
    VENUE_FRAME_TOO_LARGE = (
        "venue_frame_too_large",
        "Frames of the venue that were larger than allowed; each closed its websocket, which is opened again.",
    )
    SUBSCRIPTIONS_UNANSWERED = (
        "subscriptions_unanswered",
        "Subscriptions to feeds that the venue did not acknowledge in time; they are sent again, ever later.",
    )
    CONNECTION_ENDS_ANNOUNCED = (
        "connection_ends_announced",
        "Times that the venue announced that it ends a connection; another one is opened at once.",
    )
    CONNECTIONS_REPLACED = (
        "connections_replaced",
        "Connections that another one took over from before the venue ended them.",
    )
    HANDOVERS_UNPROVEN = (
        "handovers_unproven",
        "Streams that went over to another connection without a message that both had told.",
    )
    FRAMES_DOUBLED = (
        "frames_doubled",
        "Messages that came over two connections while one took over from the other; each is published once.",
    )
    FEED_STALE = "feed_stale", "Feeds that were silent for longer than allowed and were published as stale."
    FEED_SILENT = "feed_silent", "Feeds whose subscription the venue took and of which nothing came at all."
    BOOK_GAP = "book_gap", "Books that missed an update of the venue and were made anew from a snapshot."
    BOOK_UNEQUAL = "book_unequal", "Books that told other best prices than the venue's ticker for too long."
    BOOK_RESYNC = "book_resync", "Times that a book was invalid and began to be synchronised anew."
    DEPTH_OLD = "depth_old", "Updates that a book already had."
    SNAPSHOT_FAILED = "snapshot_failed", "Snapshots of books that the venue did not give; they are asked for again."
    SNAPSHOT_BAD = "snapshot_bad", "Snapshots of books that could not be understood; they are asked for again."
    SNAPSHOT_TOO_OLD = "snapshot_too_old", "Snapshots of books that ended before the first update that was kept."
    TRADE_GAPS = "trade_gaps", "Times that ids of the venue's trades were passed over; what is missing is asked for."
    TRADES_MISSED = "trades_missed", "Trades of the venue that were passed over in its stream, by their ids."
    TRADES_FILLED = "trades_filled", "Trades that were missed and then had from the venue; they are published as stale."
    TRADES_LOST = "trades_lost", "Trades that were missed and that the venue did not give, or not in time."
    TRADE_HOLES = (
        "trade_holes",
        "Breaks in which trades were missed and nobody knows how many: the venue does not number them.",
    )
    TRADES_REPEATED = "trades_repeated", "Trades that came again or out of order; they are not published."
    BARS_MISSED = "bars_missed", "Bars of the venue that were passed over in its stream; they are asked for."
    BARS_FILLED = "bars_filled", "Bars that were missed and then had from the venue; they are published as stale."
    BARS_LOST = "bars_lost", "Bars that were missed and that the venue did not give, or not in time."
    KLINES_MISSING = (
        "klines_missing",
        "Bars of before that the venue left out between others, asked twice; whoever asked is told.",
    )
    BARS_REPEATED = "bars_repeated", "Bars that had ended and came again; they are not published."
    TRADE_IDS_RESTARTED = "trade_ids_restarted", "Times that the venue began to number its trades anew."
    CLOCK_FAILED = "clock_failed", "Times that the venue did not tell its time; it is asked again."
    CLOCK_CONTRADICTED = (
        "clock_contradicted",
        "Times that the venue's clock showed something that cannot be, after what it had shown before.",
    )
    LISTING_FAILED = (
        "listing_failed",
        "Times that the venue's list of instruments was not to be had.",
    )
    INSTRUMENT_DOES_NOT_FIT = (
        "instrument_does_not_fit",
        "Instruments whose configuration does not fit what the venue lists; nothing is ordered in them.",
    )

    # Signal

    SIGNALS_APPROVED = "signals_approved", "Signals that risk let through."
    SIGNALS_DENIED = "signals_denied", "Signals that risk denied."
    SIGNALS_UNANSWERED = "signals_unanswered", "Signals that risk did not answer in time."
    SIGNALS_WITHHELD = (
        "signals_withheld",
        "Signals that were not sent because what they rest on is not live or not known.",
    )
    ORDERS_NOT_OWN = (
        "orders_not_own",
        "Cancels and replacements of another's order that a strategy wanted; they were not asked for.",
    )
    STRATEGY_ERRORS = "strategy_errors", "Handlers of strategies that raised; see the strategy's figures for the last."
    CANCELS_UNANSWERED = "cancels_unanswered", "Cancels of strategies that were not answered in time."

    # Risk

    SIGNALS_REPEATED = "signals_repeated", "Signals that came again and were given the same answer."
    SUBMISSIONS_REFUSED = "submissions_refused", "Approved orders that execution refused; what they held is given back."
    SUBMISSIONS_UNKNOWN = (
        "submissions_unknown",
        "Approved orders of which it is not known whether execution has them; they are held until that is proven.",
    )

    # Execution

    SUBMITS_UNAPPROVED = (
        "submits_unapproved",
        "Submissions refused because no decision of the risk agent stands for them.",
    )
    SUBMITS_REFUSED = "submits_refused", "Approved orders that were not taken on, for the reason in the answer."
    MARGIN_CALLS = "margin_calls", "Margin calls of the venue: nothing is opened in the contracts that they are about."
    ORDERS_UNKNOWN = "orders_unknown", "Creates whose outcome was not proven; they are looked up and never sent again."
    ORDERS_ADOPTED = "orders_adopted", "Orders that only the venue told of, by hand or of another program; they count."
    ORDERS_OVERFILLED = "orders_overfilled", "Fills beyond the quantity of their order; they are booked all the same."
    ORDER_REPORT_OLD = "order_report_old", "Statements of the venue that were older than what was known of the order."
    CANCELS_NOT_PROVEN = (
        "cancels_not_proven",
        "Cancels after which the order was not proven to have ended.",
    )
    STOPS_TRIGGERED = "stops_triggered", "Stops of brackets whose price was reached."
    VENUE_REPLY_BAD = "venue_reply_bad", "Answers of the venue that could not be understood."
    VENUE_REPLY_OF_OTHER_ORDER = (
        "venue_reply_of_other_order",
        "Answers of the venue about another order.",
    )
    VENUE_RATE_LIMITED = "venue_rate_limited", "Times that the venue's limit of calls stopped new orders."
    OPEN_ORDERS_OF_OTHER_INSTRUMENTS = (
        "open_orders_of_other_instruments",
        "Open orders of the account in instruments that are not configured; they are left alone.",
    )
    SUBSCRIPTION_REPLIES_OLD = "subscription_replies_old", "Answers to an earlier subscription to the private stream."
    SUBSCRIPTIONS_REFUSED = "subscriptions_refused", "Subscriptions that the venue refused; they are sent again."
    BALANCES_CHANGED = (
        "balances_changed",
        "Times that the venue told of balances that no trade changed, such as a deposit; they are asked for then.",
    )
    POSITIONS_OPENED = "positions_opened", "Positions in contracts that were there before: the account opens with them."
    POSITIONS_UNEQUAL = (
        "positions_unequal",
        "Times that a position in a contract came to differ from what fills come to; nothing is opened there meanwhile.",
    )
    FUNDING_SETTLED = "funding_settled", "Settlements of funding that were booked."
    FILLS_FORCED = (
        "fills_forced",
        "Fills of orders that the venue itself made: liquidation, auto-deleveraging, delivery.",
    )
    RECONCILED_LOST = "reconciled_lost", "Times that the account ceased to be reconciled and no order was taken on."
    RECONCILIATIONS_FAILED = "reconciliations_failed", "Comparisons with the venue that could not be brought to an end."
    ORDER_SOCKET_LOST = "order_socket_lost", "Times that the websocket for orders was lost; REST has them meanwhile."
    ORDER_ANSWERS_LATE = "order_answers_late", "Frames of the websocket for orders that answer nothing that is out."
    DEAD_MAN_NOT_TOLD = "dead_man_not_told", "Times that the venue's dead man's switch could not be told to wait."

    # Reaper

    REAPS = "reaps", "Times that execution was silent for so long that its orders were canceled."
    ORDERS_REAPED = "orders_reaped", "Orders that the reaper has found open and that are gone."
    REAPER_LOOKS_FAILED = "reaper_looks_failed", "Times that the venue did not tell the reaper what is open."

    # Portfolio

    EQUITY_NOT_KNOWN = (
        "equity_not_known",
        "Times that no equity was published: the account is not open, or what it holds has no price.",
    )
    FEES_NOT_VALUED = (
        "fees_not_valued",
        "Commissions in an asset that nothing values: they are in no equity (`asset_marks` gives it a price).",
    )
    CURRENCIES_DEPEGGED = (
        "currencies_depegged",
        "Times that a joined currency was not worth one, or nobody knew what, for so long that nothing opens in it.",
    )
    BALANCES_DIFFERENT = "balances_different", "Agreements at which the venue's balances were not what fills add up to."

    # Archive

    CLICKHOUSE_FAILURES = "clickhouse_failures", "Times that ClickHouse went away; what is to be archived waits."
    CLICKHOUSE_BACK = "clickhouse_back", "Times that ClickHouse came back."
    ARCHIVE_DUPLICATES = "archive_duplicates", "Messages that were archived already and were not written again."


def description_of(name: str) -> str:
    """Return what a counter of that name counts, empty if this version does not know it."""
    found = Counter._value2member_map_.get(name)
    return found.description if isinstance(found, Counter) else ""
