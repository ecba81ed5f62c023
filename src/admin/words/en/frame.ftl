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
tamper-alarm = The ledger is not as it was written.
tamper-alarm-see = See what was found

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
purpose-TREATMENT = treatment
purpose-EMERGENCY = emergency (break-glass)
purpose-PATIENT_REQUEST = at the patient's request
purpose-RESEARCH = research
purpose-OPERATIONS = operations
purpose-PAYMENT = payment
outcome-completed = completed
outcome-failed = failed
outcome-interrupted = interrupted
outcome-cancelled = cancelled
outcome-stopped = stopped

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
