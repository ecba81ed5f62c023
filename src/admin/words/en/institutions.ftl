## Institutions
institutions = Institutions
institutions-what = How reliably the others exchange images with us, as our own gateway saw it. What a score permits is said by the rules in force.
institutions-all = Institutions and their scores of today
institutions-ceiling = Ceiling
institutions-good = Good
institutions-bad = Bad
institutions-ae-titles = AE titles
institutions-peers = Peers
institutions-gateway = Gateway
institutions-yes = yes
institutions-own = our own
institutions-no-evidence = no evidence yet
institutions-own-what = This is our own institution. It has no score here.
institutions-score-today = Score today
institutions-consents = Consents that name it
institutions-objections =
    { $count ->
        [one] and { $count } objection
       *[other] and { $count } objections
    }
institutions-until-lifted = until it is lifted
institutions-until = up to and with { $day }
institutions-formula = 1000 × (good { $good } + { $base-good }) / (good { $good } + bad { $bad } + { $base }), rounded down: { $score }. One unit is a day of flawless exchange with one counterparty; half of what is good is forgotten sooner than half of what is bad.

## Score over time
institutions-over-time = Score over time
institutions-nothing-yet = There is no evidence of this institution yet. Its score moves with the first transfer that ends.
institutions-unreadable = The ledger cannot be read. Ask whoever runs the gateway to look at its log.
institutions-reading = The ledger is being read: { $done } of { $of } entries. Load the page again in a moment.
institutions-chart = Score of { $name } over time
institutions-axis-day = day
institutions-axis-score = score
institutions-span-quarter = A quarter
institutions-span-year = A year
institutions-span-all = All
institutions-key-score = Score at the end of each day
institutions-key-event = Charge
institutions-key-marks = Dashed: scores from which on the rules as delivered permit more

## What moved it
institutions-events = What the score comes from
institutions-head-day = Day
institutions-head-entries = Entries
institutions-left = left
institutions-more =
    { $count ->
        [one] { $count } older line is not listed: credence score explain { $slug } --all tells it.
       *[other] { $count } older lines are not listed: credence score explain { $slug } --all tells them.
    }
institutions-routine = { $good } of { $due } transfers in order
institutions-revocations-answered =
    { $count ->
        [one] { $count } revocation answered in time
       *[other] { $count } revocations answered in time
    }
institutions-review-overdue = Emergency access not reviewed in time: decision { $decision }
institutions-review-unjustified = Emergency access found unjustified: decision { $decision }
institutions-equivocated = Two signed statements of it contradict each other
institutions-receipt-disputed = A receipt about other bytes than our gateway saw: decision { $decision }
institutions-misstated = It spoke in the name of another institution
institutions-incident-upheld = Incident upheld: { $incident }; report { $report }
institutions-reversed = taken back by entry { $entry }
institutions-set-ceiling = ceiling { $score } up to and with { $day }
institutions-set-ceiling-lifted = ceiling { $score } until it is lifted
institutions-lifted = lifted by entry { $entry }
institutions-waiting = Does not count yet: { $incident } (report { $report }) waits for an arbiter, and lapses at

## Transfers of late
institutions-transfers = Transfers of late
institutions-no-transfers = Nothing moved between it and us in the last day.
institutions-recipient = Recipient
institutions-images = Images
institutions-failed = Failed
institutions-under-way = under way

## Address book
institutions-address-book = Address book
institutions-slug = Short name
institutions-address = Address
institutions-no-address = not in the configuration
institutions-certificates = Certificates
institutions-fhir = In FHIR
institutions-no-peers = No peer of it is in the configuration: add one as [[peer]], then it can ask and be asked.
institutions-peer = Peer
institutions-ae-title = AE title
institutions-calls-from = Calls from
institutions-any-address = any address
institutions-connect = We connect to
institutions-never-connected = never
institutions-may = May
institutions-echo-head = Answers
institutions-echo = Echo
institutions-echo-peer = Send a C-ECHO to { $peer }
institutions-echo-answers = answers
institutions-echo-took = { $ms } ms
institutions-echo-tls = our certificates cannot be used
institutions-echo-unreachable = not reachable
institutions-echo-not-accepted = does not take C-ECHO
institutions-echo-ended = broke off
institutions-echo-status = answers with a failure
institutions-echo-late = no answer in time
institutions-gateway-of = Gateway { $peer }
institutions-gateway-ae = Our AE title for it
institutions-gateway-emergency-ae = The same for emergencies
institutions-exchange = Exchange
institutions-log-key = Key of its log
institutions-statement-key = Key of its statements
institutions-witness-key = Key of its witness
institutions-parcel-key = Key for parcels
