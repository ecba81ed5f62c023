## Overview
overview = Overview
tile-under-way = Under way now
tile-arrived = Images, last day
tile-permitted = Permitted, last day
tile-refused = Refused, last day
tile-waiting = Waiting in queues
tile-ledger = Entries of the ledger
last-day = The last day
plot-day = Requests of the last day by the hour, permitted and refused
nothing-yet = Nothing was asked yet. Point a modality or a workstation at the gateway's AE title, and it appears here.
refused-of-the-day = Refused, last day
nothing-refused = Nothing was refused in the last day.
queues = Queues
no-queues = No route spools, so nothing waits.
scores = Scores
no-scores = No institution has a score of its own yet: each counts as 500.

## States of queues
queue-state-idle = idle
queue-state-working = working
queue-state-down = destination down
queue-state-busy = destination busy
queue-state-not-recorded = not recorded
queue-state-paused = paused
queue-state-no-peer = no peer
queue-state-not-served = not served

no-alerts = Nothing needs attention.
alerts-standing = Needs attention
flowing-now = Flowing now
nothing-flows = Nobody is connected.
ending-soon = Ending soon
nothing-ends = No certificate and no list of revoked ones ends soon.
head-how-bad = How bad
head-last = Last
head-times = Times
head-association = Association
head-operation = Operation
head-requests = Requests
head-since = Since
head-ends = Ends
severity-success = good news
severity-minor = minor
severity-serious = serious
severity-major = major
see-all = See all
