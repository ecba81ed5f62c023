## Peers
peers = Peers and queues
peers-back = Peers and queues
peers-all = all

## Associations
peers-associations =
    { $count ->
        [one] { $count } association now
       *[other] { $count } associations now
    }
peers-no-associations = No peer holds an association with the gateway at this moment.
peers-not-accepted = not accepted yet
peers-head-peer = Peer
peers-head-calling = Calling AE title
peers-head-called = Called AE title
peers-head-from = From
peers-head-since = Since
peers-head-operation = Under way
peers-head-requests = Requests

## The configuration
peers-configured = Peers
peers-none = No peer is configured: add a [[peer]] row to the configuration file for each system that may call the gateway.
peers-head-ae-title = AE title
peers-head-connect = The gateway connects to
peers-head-comes-from = It calls from
peers-head-may = It may ask
peers-head-held = Associations
peers-plain = plain
peers-any-address = any address
peers-routes = Routes
peers-no-routes = No route is configured: nothing that is sent to the gateway goes anywhere. Add [[route]] rows to the configuration file.
peers-head-callers = For
peers-head-sop-classes = SOP classes
peers-head-only = Only
peers-head-to = To
peers-copies = copies:
peers-head-delivery = Delivery
peers-head-mode = Mode
peers-titles = AE titles of the gateway
peers-head-purpose = Purpose of use
peers-purpose-of-caller = that of the caller
peers-listeners = Listeners
peers-head-address = Address
peers-head-encryption = Encryption
peers-certificate-required = certificate required
peers-certificate-optional = certificate if there is one
peers-head-at-most = Associations at most
peers-certificates = Certificates
peers-no-certificates = No TLS certificate is configured: DICOM and the console go unencrypted.
peers-head-certificate = What
peers-head-ends = Ends
peers-head-left = Left
peers-ended = ended
peers-days-left =
    { $days ->
        [one] one day
       *[other] { $days } days
    }

## Queues
peers-queue = Queue { $queue }
peers-head-bytes = Bytes
peers-head-on-their-way = On their way
peers-head-delivered = Delivered
peers-head-uncommitted = Not committed yet
peers-head-oldest = Oldest
peers-head-rate = Rate
peers-head-next-try = Next try
peers-head-expected-end = Expected end
peers-head-number = Number
peers-head-place = Place
peers-head-study = Study
peers-head-patient = Patient
peers-head-objects = Objects
peers-head-received = Received
peers-head-reason = Reason
peers-head-change = Change
place-waiting = waiting
place-dead = dead letter
place-quarantined = quarantined
place-delivered = delivered
peers-lies-there = What lies in it
peers-nothing-there = Nothing waits, and nothing was set aside.
peers-more =
    { $count ->
        [one] and { $count } more row
       *[other] and { $count } more rows
    }
peers-by-object = List the objects one by one
peers-by-study = List by study

## What is done to a queue
peers-pause = Pause
peers-resume = Resume
peers-retry = Try again now
peers-retry-these = Try again
peers-release = Release from quarantine …
peers-release-these = Release …
peers-drop = Drop …
peers-drop-these = Drop …
peers-actions-what = A paused queue delivers nothing; what is on its way arrives. Trying again takes dead letters up once more, and what waits at once. Each act is recorded in the ledger before it is done.
peers-drop-title = Drop from queue { $queue }
peers-drop-what = What is dropped is deleted without having been delivered. Whoever sent it may have deleted it, too: then the images are gone for good.
peers-drop-which = What
peers-drop-aside = dead letters and what is in quarantine
peers-drop-dead = only dead letters
peers-drop-quarantined = only what is in quarantine
peers-drop-waiting = what still waits to be delivered
peers-drop-now = Drop for good
peers-release-title = Release from quarantine of { $queue }
peers-release-what = What is released is put to the contract again, and delivered if that permits it now. What is still denied goes back into quarantine.
peers-release-all = All that lies in quarantine there.
peers-release-now = Release
peers-reason-hint = Kept in the ledger, in clear: no patient data.
peers-not-now = Back, without doing it
peers-done-paused = The queue is paused.
peers-done-resumed = The queue goes on.
peers-done-retried =
    { $count ->
        [one] { $count } dead letter is tried again, and what waits is tried now.
       *[other] { $count } dead letters are tried again, and what waits is tried now.
    }
peers-done-released =
    { $count ->
        [one] { $count } object is put to the contract again.
       *[other] { $count } objects are put to the contract again.
    }
peers-done-dropped =
    { $count ->
        [one] { $count } object is deleted.
       *[other] { $count } objects are deleted.
    }

## Log and alerts
peers-log = Log and alerts
peers-log-what = Alerts are those of the last day; all of them are in the ledger. Lines of the log are the last warnings and errors since the start; all of the log is on standard error.
peers-alert-code = Alert
peers-log-level = Level
peers-log-room = Part of the program
peers-log-show = Show
peers-alerts = Alerts
peers-no-alerts = No such alert in the last day.
peers-log-lines = Warnings and errors
peers-no-lines = No such line since the start.
peers-head-entry = Entry
