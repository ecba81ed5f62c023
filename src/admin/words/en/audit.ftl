## Audit
audit = Audit

## Searching
audit-from = From
audit-to = Before
audit-ae = AE title
audit-user = Person
audit-purpose = Purpose
audit-verdict = Verdict
audit-kind = Kind
audit-pseudonym = Pseudonym
audit-any = any
audit-search = Search
audit-all = All entries
audit-presets = Often looked for:
audit-preset-refused = refused requests
audit-preset-emergencies = emergencies (break-glass)
audit-preset-alerts = alerts
audit-preset-looks = who was shown patient details
audit-fault = This part of the search is not understood: { $field }
audit-nothing = No entry of the ledger is like that. Widen the time or leave a filter empty.
audit-nothing-so-far = None of the newest entries is like that. Look at older ones, or give a time.
audit-entries = Entries, newest first
audit-entry = Entry
audit-parties = Institutions
audit-by = By
audit-older = Older entries

## Patients
audit-patient = Find a patient’s entries
audit-patient-what = That you looked for this patient is recorded. Names do not stand in the address of the page, only pseudonyms.
audit-patient-id = Patient ID
audit-patient-issuer = Issuer of Patient ID
audit-patient-find = Find
audit-patient-unknown = The gateway has not met this patient, or has forgotten them.
audit-study = Study Instance UID
audit-reason = Reason
audit-guardian = Guardian

## One entry
audit-entry-number = Entry { $entry }
audit-back = Back to the search
audit-entry-before = The one before
audit-entry-after = The one after
audit-follows = Follows from decision
audit-about = About entry
audit-line = The entry as it stands in the ledger
audit-line-what = Patients are pseudonyms and studies keyed digests.
audit-sealed = Who it is about
audit-sealed-what = The patient’s details are sealed beside this entry. That they were shown to you is recorded in the ledger.
audit-sealed-show = Show them
audit-sealed-gone = Nothing can be opened any more: the patient was forgotten, or the details were dropped.
audit-sealed-recorded = That this was shown is recorded.

## Exports
audit-export = Export
audit-export-what = Exports what the search above finds, of all times that it allows, with proofs that nothing was left out, and signed by the gateway. That it was made is an entry of the ledger.
audit-formats = Formats
audit-format = Format
audit-format-csv = CSV, for a spreadsheet
audit-format-html = HTML, for printing
audit-format-jsonl = JSON Lines, for programs
audit-format-dicom = DICOM audit messages (PS3.15)
audit-format-fhir = FHIR AuditEvents
audit-format-page = Page for the patient
audit-identified = Tell Patient IDs, Study Instance UIDs and reasons
audit-zone = Time zone of local times
audit-export-begin = Begin the export
audit-export-refused = No export has begun: { $why }
audit-exports = My exports
audit-exports-none = No export of yours is kept. Begin one below a search.
audit-exports-what = An export is kept for four hours, and not beyond a restart of the gateway. Whoever has the file can verify it offline:
audit-exports-verify = How to verify an export
audit-patients = Patients
audit-clear = in clear
audit-pseudonymous = pseudonyms
audit-records = Records
audit-size = Size
audit-actions = Actions
audit-progress = { $done } of { $of } entries
audit-stage-under-way = being made
audit-stage-done = ready
audit-stage-failed = failed
audit-stage-cancelled = cancelled
audit-until = kept until
audit-cancel = Cancel
audit-remove = Remove
audit-download = Download

## Disclosures
audit-disclosures = Accounting of disclosures
audit-disclosures-what = What left for other institutions about one patient. That you asked for it is recorded.
audit-years = Years back
