## Audit
audit = Audit

## Searching
audit-from = Von
audit-to = Vor
audit-ae = AE-Titel
audit-user = Person
audit-purpose = Zweck
audit-verdict = Entscheidung
audit-kind = Art
audit-pseudonym = Pseudonym
audit-any = alle
audit-search = Suchen
audit-all = Alle Einträge
audit-presets = Oft gesucht:
audit-preset-refused = abgelehnte Anfragen
audit-preset-emergencies = Notfälle (Break-Glass)
audit-preset-alerts = Warnungen
audit-preset-looks = wem Patientendaten gezeigt wurden
audit-fault = Dieser Teil der Suche ist nicht verständlich: { $field }
audit-nothing = Kein Eintrag des Ledgers entspricht dem. Erweitern Sie den Zeitraum oder lassen Sie einen Filter leer.
audit-nothing-so-far = Keiner der neuesten Einträge entspricht dem. Sehen Sie ältere an oder geben Sie einen Zeitraum an.
audit-entries = Einträge, neueste zuerst
audit-entry = Eintrag
audit-parties = Einrichtungen
audit-by = Durch
audit-older = Ältere Einträge

## Patients
audit-patient = Einträge zu einem Patienten finden
audit-patient-what = Dass Sie nach diesem Patienten gesucht haben, wird aufgezeichnet. In der Adresse der Seite stehen keine Namen, nur Pseudonyme.
audit-patient-id = Patienten-ID
audit-patient-issuer = Aussteller der Patienten-ID
audit-patient-find = Finden
audit-patient-unknown = Das Gateway kennt diesen Patienten nicht oder hat ihn vergessen.
audit-study = Study Instance UID
audit-reason = Grund
audit-guardian = Gesetzliche Vertretung

## One entry
audit-entry-number = Eintrag { $entry }
audit-back = Zurück zur Suche
audit-entry-before = Der vorige
audit-entry-after = Der nächste
audit-follows = Folgt aus Entscheidung
audit-about = Zu Eintrag
audit-line = Der Eintrag, wie er im Ledger steht
audit-line-what = Patienten sind Pseudonyme, Studien verschlüsselte Prüfsummen.
audit-sealed = Um wen es geht
audit-sealed-what = Die Angaben zum Patienten liegen versiegelt neben diesem Eintrag. Dass sie Ihnen gezeigt wurden, wird im Ledger aufgezeichnet.
audit-sealed-show = Anzeigen
audit-sealed-gone = Es lässt sich nichts mehr öffnen: Der Patient wurde vergessen, oder die Angaben wurden gelöscht.
audit-sealed-recorded = Dass dies gezeigt wurde, ist aufgezeichnet.

## Exports
audit-export = Export
audit-export-what = Exportiert, was die Suche oben findet, über den ganzen gewählten Zeitraum, mit Beweisen, dass nichts fehlt, und vom Gateway signiert. Der Export selbst ist ein Eintrag des Ledgers.
audit-formats = Formate
audit-format = Format
audit-format-csv = CSV, für eine Tabellenkalkulation
audit-format-html = HTML, zum Drucken
audit-format-jsonl = JSON Lines, für Programme
audit-format-dicom = DICOM-Audit-Nachrichten (PS3.15)
audit-format-fhir = FHIR-AuditEvents
audit-format-page = Seite für den Patienten
audit-identified = Patienten-IDs, Study Instance UIDs und Gründe nennen
audit-zone = Zeitzone der Ortszeiten
audit-export-begin = Export beginnen
audit-export-refused = Es wurde kein Export begonnen: { $why }
audit-exports = Meine Exporte
audit-exports-none = Es liegt kein Export von Ihnen vor. Beginnen Sie einen unterhalb einer Suche.
audit-exports-what = Ein Export wird vier Stunden aufbewahrt, nicht über einen Neustart des Gateways hinaus. Wer die Datei hat, kann sie offline prüfen:
audit-exports-verify = So wird ein Export geprüft
audit-patients = Patienten
audit-clear = im Klartext
audit-pseudonymous = Pseudonyme
audit-records = Einträge
audit-size = Größe
audit-actions = Aktionen
audit-progress = { $done } von { $of } Einträgen
audit-stage-under-way = in Arbeit
audit-stage-done = fertig
audit-stage-failed = fehlgeschlagen
audit-stage-cancelled = abgebrochen
audit-until = aufbewahrt bis
audit-cancel = Abbrechen
audit-remove = Entfernen
audit-download = Herunterladen

## Disclosures
audit-disclosures = Auskunft über Weitergaben
audit-disclosures-what = Was über einen Patienten an andere Einrichtungen ging. Dass Sie danach gefragt haben, wird aufgezeichnet.
audit-years = Jahre zurück
