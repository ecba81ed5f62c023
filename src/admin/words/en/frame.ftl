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
sign-in-oidc = Sign in by { $provider }
sign-in-done = You are signed in
sign-in-go-on = Go on
sign-in-oidc-unavailable = The identity provider cannot be reached, or does not answer as it should. Try again, or sign in by passcode.
sign-in-oidc-refused = The identity provider did not let you in.
sign-in-oidc-stale = This sign-in is over: it took too long, was used already, or began in another browser. Begin again.
sign-in-oidc-unproven = What the identity provider says is not believed. Tell whoever runs the gateway: its log says why.
sign-in-oidc-no-account = There is no enabled account for you here. Ask whoever manages the accounts.
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
head-entry = Entry
head-decision = Decision
head-recipient = Recipient
head-patient = Patient
head-purpose = Purpose
head-answer = Answer
head-outcome = Outcome
head-detail = Detail
head-status = Status
head-bytes = Amount
head-rate = Rate
head-instance = Instance
head-instances = Images
head-failed = Failed
head-warned = With a warning
head-spooled = Spooled
head-ended = Ended
head-fault = Fault of
head-tries = Tries
head-consent = Consent
head-speaks = Of this request

## Looking for something
search = Search
search-clear = Clear
any = any
older = Older
none-so-far = Nothing among the newest. Go on with older ones.
there-is-more = There is more than is shown here.
ae-title = AE title
field-ae = AE title
field-user = User
field-from = From
field-to = Until
field-other = A field
field-unreadable = { $field }: this cannot be read.
field-patient-id = Patient ID
field-patient-issuer = Issuer of Patient ID
study-instance-uid = Study Instance UID
show-patient = Show who it is
look-is-recorded = This look is recorded in the ledger.

## Why something was refused
reason-no-consent = no consent
reason-no-patient = no patient identified
reason-no-rule = no rule permits it
reason-no-contract = no contract is active
reason-rule-error = rule error
reason-plain = encrypted transport required
reason-denied = denied by the patient
reason-emergency-limit = limit of emergency access reached
