### What the console says, in English. Each language has a file like this one, with the same messages.

## Around every page
skip = Skip to the content
menu = Menu
language = Language
choose = Choose
times-in-zone = Times in { $zone }
sign-out = Sign out
back-to-overview = Back to the overview
problem-forbidden = Not with your roles
problem-not-found = There is nothing here
problem-refused = Not done
problem-unavailable = Not now

## Signing in
sign-in = Sign in
account-name = Account
account-name-wrong = An account's name has 1 to 64 letters, digits, dots, hyphens and underscores.
passcode = Passcode
passcode-hint = At least { $characters } characters.
sign-in-wrong = There is no such account and passcode.
sign-in-wait =
    { $seconds ->
        [one] Too many failures: try again in one second.
       *[other] Too many failures: try again in { $seconds } seconds.
    }
sign-in-busy = Nobody can be signed in at the moment. Try again.
set-up = The first account
set-up-what = This account manages peers, queues and accounts. It makes the accounts of the others.
set-up-make = Make the account

## Words of the contract
verdict-permit = permitted
verdict-deny = refused
verb-store = store
verb-query = query
verb-retrieve = retrieve

## Overview
overview = Overview
tile-under-way = Under way now
tile-arrived = Images, last day
tile-permitted = Permitted, last day
tile-refused = Refused, last day
tile-waiting = Waiting in queues
tile-ledger = Entries of the ledger
count-entries =
    { $count ->
        [one] { $count } entry
       *[other] { $count } entries
    }
alerts-of-the-day = Alerts
last-day = The last day
plot-day = Requests of the last day by the hour, permitted and refused
nothing-yet = Nothing was asked yet. Point a modality or a workstation at the gateway's AE title, and it appears here.
refused-of-the-day = Refused, last day
nothing-refused = Nothing was refused in the last day.
queues = Queues
no-queues = No route spools, so nothing waits.
scores = Scores
no-scores = No institution has a score of its own yet: each counts as 500.

## Heads of tables
head-when = When
head-code = Code
head-what = What
head-requester = Requester
head-verb = Request
head-why = Why
head-queue = Queue
head-state = State
head-waiting = Waiting
head-dead = Dead
head-quarantined = Quarantined
head-institution = Institution
head-score = Score
head-of-1000 = Of 1000

## States of queues
queue-state-idle = idle
queue-state-working = working
queue-state-down = destination down
queue-state-busy = destination busy
queue-state-not-recorded = not recorded
queue-state-paused = paused
queue-state-no-peer = no peer
queue-state-not-served = not served
