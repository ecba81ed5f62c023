## Consents
consents = Consents
consents-find = Find a patient
consents-find-hint = That you look at a patient is recorded with your name.
consents-find-do = Show this patient
consents-lately = Recorded of late
consents-none-lately = No consent is recorded yet. The patient desk records them here.
consents-stands = stands
consents-ended = revoked
consents-done = Done with this patient
consents-other-patient = This form was opened for another patient than the desk serves now: nothing was recorded. Look for the patient again.
consents-unmet = The gateway has not met this patient yet. Check the Patient ID. What is recorded here counts as soon as images come.
consents-ids = Patient IDs
consents-ids-many =
    { $count ->
        [one] known under { $count } ID
       *[other] known under { $count } IDs, merged into one person
    }
consents-table = Consents and objections
consents-nothing = Nothing is recorded for this patient. Without a consent, images leave only where the rules permit it. Record what the patient says below.
consents-number = No.
consents-granted = agreed
consents-denied = objected
consents-to = To whom
consents-purposes = For what
consents-images = Which images
consents-valid = Valid
consents-giver = Said by
consents-anyone = any other institution
consents-every-purpose = every purpose
consents-all-images = all images
consents-one-study = one examination (digest { $digest })
consents-studies-from = examinations from { $from } on
consents-studies-until = examinations until { $until }
consents-studies-between = examinations from { $from } to { $until }
consents-from = from { $from } until it is revoked
consents-from-until = from { $from } to { $until }
consents-until = until { $until }
consents-by-patient = the patient
consents-by-guardian = a guardian
consents-over = over
consents-not-yet = not yet

## What is done at the desk
consents-grant = Record a consent
consents-grant-what = The patient permits that images are given to others. What is not restricted here is not restricted.
consents-grant-do = Record the consent
consents-deny = Record an objection
consents-deny-what = The patient does not want images to be given to others. An objection outweighs every consent, and stops what is under way.
consents-deny-do = Record the objection
consents-print = Print for the patient
consents-report = What left about this patient
consents-person = The person
consents-back = Back to the patient
consents-images-hint = Nothing ticked and nothing filled in: all images.
consents-other-modalities = Other modalities
consents-other-modalities-hint = Codes of DICOM, with spaces between, as OPT ECG.
consents-study = One examination (Study Instance UID)
consents-study-hint = Only where the patient means exactly one.
consents-study-from = Examinations from this day on
consents-study-until = Examinations until this day
consents-first-day = First day
consents-first-day-hint = Empty: from now on.
consents-last-day = Last day
consents-last-day-hint = Empty: until it is revoked.
consents-wrong-to = Choose whom it is about: an institution, or any other.
consents-wrong-purposes = Choose at least one purpose.
consents-wrong-modality = A modality is a code of up to 16 capital letters, digits and underscores, as CT.
consents-wrong-study = This is no Study Instance UID: it has digits and dots only.
consents-revoke = Revoke
consents-revoke-this = Revoke no. { $number }
consents-revoke-grant = This consent no longer holds from now on, and what is under way because of it is stopped. The institutions that were named are to delete what they got, or use it no longer. A revocation is not taken back; the patient can consent anew.
consents-revoke-denial = This objection no longer holds from now on: what consents and rules permit may leave again.
consents-revocation = Revocation
consents-waiting = Revocations that wait for an answer
consents-waiting-what = When an institution tells you that it has deleted what it got, or uses it no longer, say so here. In time, that counts for the institution.
consents-answered = Has answered

## Who speaks for a patient, and who they are
consents-guardian = Guardian
consents-guardian-none = nobody: the patient speaks for themselves
consents-guardian-sealed = named; who it is can no longer be read
consents-guardian-now = The guardian now
consents-guardian-name = Name a guardian
consents-guardian-change = Change the guardian
consents-guardian-end = The patient speaks for themselves again
consents-guardian-what = The guardian may consent and object in the patient’s place, and replaces who was named before. What a guardian said outlasts the guardian, until it is revoked.
consents-guardian-who = Who, and on what grounds
consents-guardian-who-hint = As a name and “court order 12/2026”. Kept sealed under the patient’s key.
consents-guardian-until-hint = Empty: until it is ended.
consents-merge = Other Patient IDs
consents-merge-do = This ID is the same patient
consents-merge-what = From then on, consents and objections under either ID speak for both: a consent under one permits images of the other, and an objection under one stops images of the other. Look at both first. The patient above survives.
consents-unlink-do = This ID is another patient
consents-unlink-what = Takes a merge back. Each keeps what was recorded under its own ID, also in the time between: check under which it was recorded.
consents-standing = Standing
consents-standing-now = Standing today: { $standing } of 1000.
consents-standing-note = Note what speaks for or against it
consents-standing-what = Rules can weigh the standing in research and in what patients ask for themselves. In care it does not exist. To object, to revoke or to complain never lowers it.
consents-standing-proven = the patient proved who they are
consents-standing-kept = a consent was kept until its agreed end
consents-standing-abused = a self-service link was abused
consents-standing-do = Record it

## What a patient takes home
consents-print-title = What you have decided about your images
consents-print-for = For the patient with the number { $id }.
consents-print-for-issued = For the patient with the number { $id } (given by { $issuer }).
consents-print-as-of = As it stands on { $date }.
consents-print-none = You have neither consented to anything nor objected to anything.
consents-print-granted = You have consented
consents-print-denied = You have objected
consents-print-grant = Number { $number }. The following may receive images of you: { $to }. Which images: { $images }. For what: { $purposes }. Valid { $valid }.
consents-print-deny = Number { $number }. The following may not receive images of you: { $to }. Which images: { $images }. For what: { $purposes }. Valid { $valid }.
consents-print-guardian = Whoever may consent in your place said so for you.
consents-print-rights = You can change or revoke this at any time, without giving a reason. Tell us the number. An objection counts more than a consent.
consents-print-rules = What may be sent without your consent, such as in an emergency, is in our rules; ask us for them. You have the right to know what was sent about you, and to whom: ask us for the report.

## What left about a patient
consents-report-title = Who was sent your images
consents-report-what = The whole ledger is read for this report; that takes a while where it is long. That it was made is recorded.
consents-report-since = Of which time
consents-report-years =
    { $count ->
        [one] the last year
       *[other] the last { $count } years
    }
consents-report-suspended = Also what the patient is not told for now
consents-report-make = Make the report
consents-report-csv = Download as CSV
consents-report-html = Download as a page (English)
consents-report-span = From { $since } to { $until }. Dates are those of { $zone }.
consents-report-not-for-patient = Not for the patient: an agency has the right suspended to be told of some of this. What that is, is marked.
consents-report-nothing = In this time nothing was sent to anybody else.
consents-report-more = There were { $count } more, too many to be listed here.
consents-report-foot = This is the account of disclosures to which you have a right (Article 15 GDPR; 45 CFR 164.528). What was sent to the same recipient for the same purpose and on the same ground is told once. Where it says that you had consented, somebody who may consent in your place may have done so. Numbers of entries are those of our ledger; with them we find it again. What a recipient did with your images afterwards, the recipient knows.
consents-report-on = On { $first }
consents-report-often = On { $first }, { $times } times
consents-report-between = Between { $first } and { $last }, { $times } times
consents-report-images = { $when }: images of you were sent to { $to }. Examinations: { $examinations }. Number of images: { $images }. For what: { $purpose }. Why it was allowed: { $because }.
consents-report-told = { $when }: { $to } was told that there are examinations of you (how many: { $studies }). No images were sent by that. For what: { $purpose }. Why it was allowed: { $because }.
consents-report-uncertain = The sending broke off, or has not ended: not all of it may have arrived.
consents-report-entry = Entry { $entry }.
consents-report-entries = First entry { $first }, last entry { $last }.
consents-report-marked = [Not to be told to the patient for now]
consents-report-no-address = address not known
consents-report-observed = our rules spoke against it, but were only being tried then, and nothing was held back yet
consents-report-emergency = it was an emergency, in which images may be sent without a consent
consents-report-consented = you had consented (no. { $numbers })
consents-report-rules = our rules permit it
consents-report-rules-named = our rules permit it ({ $rules }; ask us for the text)
consents-report-unknown-study = an examination
consents-report-studies = { $count } examinations
consents-report-study = { $kind }, { $date }

## In plain words
date-in-words =
    { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
list-and = { $first } and { $last }
list-comma = { ", " }
purpose-plain-TREATMENT = treatment
purpose-plain-EMERGENCY = treatment that cannot wait (emergency)
purpose-plain-PATIENT_REQUEST = what the patient asks for
purpose-plain-RESEARCH = research
purpose-plain-OPERATIONS = the work of the hospital, such as quality and teaching
purpose-plain-PAYMENT = billing
modality-ct = computed tomography
modality-mr = magnetic resonance
modality-us = ultrasound
modality-x-ray = X-ray
modality-mg = mammography
modality-xa = X-ray angiography
modality-rf = X-ray fluoroscopy
modality-nm = nuclear medicine
modality-pt = positron emission tomography
modality-es = endoscopy
modality-sm = microscopy
modality-eye = eye
modality-heart = heart
modality-bmd = bone density
modality-rt = radiotherapy
modality-report = report
modality-other = photographic or other

## Forms
patient-issuer-hint = Empty where Patient IDs have none.
patient-id-wrong = A Patient ID has 1 to 64 characters, none of them a backslash or a control character.
wrong-day = A day is written as 2026-01-31.
wrong-order = The last day is before the first.
question-no = No, go back
recorded-as = Recorded as entry { $entry }.
head-do = To do
print = Print
proof-entries = Entries that prove it
proof-entries-hint = Numbers of the ledger, 1 to 32, with spaces between.

## Why something was not done
refusal-no-consent = There is no such consent: it may have been revoked already.
refusal-no-patient-id = A Patient ID is needed.
refusal-unmet = The gateway has not met such a patient.
refusal-over = This is no longer open: somebody may have done it already. Load the page again.
refusal-text = A text of 1 to 2000 characters is needed.
refusal-no-room = The disk is full: nothing can be recorded now. Tell the administrator.
refusal-no-guardian = No guardian is named for this patient: name one first.
refusal-merged = These are one patient already.
refusal-not-merged = This ID was not merged into the patient above.
refusal-many-ids = This patient has as many Patient IDs as one may have: 32.
refusal-many-consents = This patient has as many consents as one may have: revoke those that are over.
refusal-time = A consent begins and ends before the year 2255.
refusal-proof = Name 1 to 32 entries of the ledger that prove it, by their numbers.
refusal-reference = A reference has at most 64 characters: letters without accents, digits, and signs.
refusal-second-person = This needs a second person: who did the first step cannot do this one. Ask a colleague to sign in.
refusal-no-reason = Give a reason first.
refusal-own-score = Our own institution keeps no score of itself.
refusal-lapsed = This report has lapsed: nobody decided in time.
refusal-held = Hold { $hold } (reference { $reference }) stands against it. Lift it first.
refusal-holds-nothing = A hold is on one person or on everybody, and its first year is not after its last.
refusal-oral = An oral statement holds for 30 days at most, and once: for longer it is put in writing.
refusal-suspension-over = A suspension ends later than now.
refusal-own-disclosure = Disclosures are to other institutions than our own.
refusal-epoch = The year of this epoch is not over, or its details were dropped already.
