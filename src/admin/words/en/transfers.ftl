## Transfers
transfers = Transfers
transfers-now = Under way now
transfers-none-now = Nothing moves at this moment. A transfer appears here by itself as soon as one begins.
transfers-of-late = Ended of late
transfers-none-of-late = Nothing ended in the last day. Older transfers are found by the search.
transfers-ended = Ended transfers, the last to begin first
transfers-none = No transfer fits. Take a condition away.
transfers-all = All transfers
transfer-title = Transfer { $entry }
transfer-moving = under way
transfer-of = { $here } of { $all }
transfer-decision = The decision, explained
transfer-classes = What arrived
transfer-parts = How it went, second by second
transfer-receipts = Receipts between the gateways
transfer-receipt-due = due
transfer-receipt-drafted = signed by us
transfer-receipt-agreed = signed by both
transfer-receipt-disputed = disputed
transfer-receipt-missing = missing
transfer-deliveries = Delivered from the spool under
transfer-dead = Dead letters in queue { $queue }: { $count }
transfer-quarantined = In quarantine in queue { $queue }: { $count }
transfer-retry = Try this study again
transfer-release = Put to the contract again
transfer-release-reason = Why it should go now
transfer-tried =
    { $count ->
        [one] One image is tried again.
       *[other] { $count } images are tried again.
    }
transfer-parts-hidden =
    { $count ->
        [one] One earlier part is not shown.
       *[other] { $count } earlier parts are not shown.
    }
transfer-failed-hint = The ledger holds how many images failed, with which status the receiver refused them and, where that is certain, on whose side. What was refused with no status went with its association, or was not let go.

## Statuses of a C-STORE response
transfer-statuses = Refused with
status-out-of-resources = out of resources
status-not-of-the-class = the data set is not of its SOP class
status-not-understood = the receiver does not understand it
status-processing-failure = processing failure
status-class-not-supported = SOP class not supported
status-not-authorised = not authorised
status-wrong-instance = not a valid instance
status-other = another status
