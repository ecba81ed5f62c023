## Reviews
reviews = Reviews and incidents
reviews-waiting = Accesses to be reviewed
reviews-none = No access waits for a review. Emergency accesses appear here.
reviews-due = Due
reviews-overdue = overdue
reviews-reason = Reason
reviews-reason-by = given by { $by }
reviews-reason-missing = not given
reviews-reason-none = No reason was given yet. Whoever made the access, or answers for it, says why below.
reviews-reason-show = Show the reason
reviews-reason-show-what = The text is sealed and may name the patient. That you were shown it is recorded.
reviews-reason-sealed = The text is sealed; it is shown to those who may see who patients are.
reviews-reason-gone = The text can no longer be opened: the patient was forgotten, or it was kept long enough.
reviews-one = Review of decision { $decision }
reviews-back = Back to reviews and incidents
reviews-give = Give a reason
reviews-give-why = Why the access was made
reviews-give-hint = Sealed under the patient’s key. A later reason does not replace an earlier one.
reviews-give-do = Record the reason
reviews-close = Find, and so end the review
reviews-close-what = It needs a reason first. Who gave the last reason cannot find the access justified: that takes a second person, best one who took no part in it. Unjustified, it costs the institution of the requester credit.
reviews-justified = Justified
reviews-unjustified = Not justified
rows-more =
    { $count ->
        [one] { $count } more is not shown here.
       *[other] { $count } more are not shown here.
    }

## Incidents
reviews-incidents = Reported incidents
reviews-incidents-none = No report waits for an arbiter.
reviews-report = Report an incident
reviews-report-what = Says that an institution did wrong. Nothing is charged yet: another person decides as an arbiter, and looks at the entries that prove it.
reviews-report-do = Report it
reviews-report-number = Report
reviews-reported-by = Reported by
reviews-kind = What it did
reviews-reference = Reference
reviews-reference-hint = Number of a case file, at most 64 characters. Never patient data.
reviews-lapses = Lapses
reviews-lapsed = lapsed
reviews-arbiter = As an arbiter
reviews-arbiter-what = The arbiter is another person than who reported it.
reviews-uphold = Uphold
reviews-dismiss = Dismiss
incident-digest-mismatch = what arrived is not what was sent
incident-purpose-misuse = used for another purpose
incident-revocation-ignored = a revocation was not honoured
incident-onward-disclosure = passed on without permission
incident-equivocation = contradictory signed statements, or tampering
reviews-charges = Charges that can be taken back
reviews-charges-none = Nothing is charged to anybody.
reviews-charge-was = Units then
reviews-charge-left = Units today
reviews-reverse = Take back
reviews-reverse-this = Take back the charge of entry { $entry }
reviews-reverse-what = What is left of the charge goes, and its ceiling with it. That is an entry of its own; the old one stays.
reviews-lift = Lift the ceiling
reviews-lift-this = Lift the ceiling that entry { $entry } set
reviews-lift-what = The score may rise above it again. The charge itself stays.
reviews-receipts = Receipts that did not come
reviews-receipts-what = The gateway of the other institution has not signed what it received. Ask there; what it signed otherwise is charged by itself.

## Records: what is held, suspended and forgotten
reviews-records = Holds, suspensions and retention
records-holds = Legal holds
records-holds-what = What is held is neither forgotten nor dropped.
records-holds-none = No hold stands.
records-hold = Place a hold
records-hold-whose = Say whose: one patient, or everybody, and not both.
records-hold-lift = Lift
records-hold-lift-this = Lift hold { $entry }
records-hold-lift-what = What was held can then be forgotten and dropped. You can place a new hold, but what was dropped meanwhile is gone.
records-everybody = everybody
records-everybody-tick = Everybody’s details
records-years = Years
records-years-all = all
records-from-year = From this year on
records-until-year = Until this year
records-year-wrong = A year is written as 2026.
records-suspensions = Suspensions of a patient’s right to know
records-suspensions-what = An agency states that to tell the patient what it got would impede its work, and for how long (45 CFR 164.528(a)(2)). Until then the patient’s report leaves that out, and does not say so.
records-suspensions-none = No suspension lasts.
records-suspend = Suspend
records-resume = End it
records-agency = Agency
records-agency-wrong = Choose an institution of the configuration.
records-statement = How it said so
records-statement-wrong = Choose how the agency said so.
records-written = in writing
records-oral = by word of mouth
records-until = Until
records-until-wrong = A written statement names its last day.
records-last-day = Last day
records-suspend-until-hint = By word of mouth: at most 30 days, and 30 where it is empty.
records-said = Who spoke for the agency, and what was said
records-said-hint = Kept sealed.
records-retention = Retention of sealed details
records-retention-what = An epoch is a calendar year of one retention class. To drop its details destroys their key; the lines of the ledger stay, and with them every proof.
records-retention-none = No epoch holds details.
records-epoch = Epoch
records-kept = Kept for
records-kept-years =
    { $count ->
        [one] { $count } year
       *[other] { $count } years
    }
records-due = kept long enough
records-not-due = still kept
records-held-by = hold { $entry }
records-drop-ask = Drop …
records-drop-this = Drop the details of { $epoch }
records-drop-final = This is final: nobody can open these details again, of no patient.
records-drop-do = Destroy the key
records-erasing = Forget a patient
records-erasing-what = Destroys the key of all that is sealed about a patient (Article 17 GDPR). The lines of the ledger stay, and know the patient by a random pseudonym only. Refused while a hold stands on the patient.
records-erase = Forget this patient
records-erase-ask = Forget …
records-erase-why = Why
records-erase-final = This is final: nobody can bring it back. Consents and objections of the person end, under all Patient IDs that were merged. Whoever keeps a copy of the wrapping key elsewhere replaces it, and makes a new backup.
records-erase-do = Forget for good
records-no-longer-necessary = no longer necessary
records-consent-withdrawn = consent withdrawn
records-objection = objection
records-unlawful = recorded unlawfully
records-legal-obligation = legal obligation
records-recorded-in-error = recorded of the wrong person
