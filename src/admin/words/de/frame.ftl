## Around every page
skip = Zum Inhalt springen
menu = Menü
language = Sprache
choose = Wählen
times-in-zone = Zeiten in { $zone }
sign-out = Abmelden
back-to-overview = Zurück zur Übersicht
problem-forbidden = Mit Ihren Rollen nicht möglich
problem-not-found = Hier ist nichts
problem-refused = Nicht ausgeführt
problem-unavailable = Im Moment nicht möglich
tamper-alarm = Das Ledger ist nicht so, wie es geschrieben wurde.
tamper-alarm-see = Ansehen, was gefunden wurde

## Signing in
sign-in = Anmelden
account-name = Konto
account-name-wrong = Ein Kontoname hat 1 bis 64 Buchstaben, Ziffern, Punkte, Binde- und Unterstriche.
passcode = Passwort
passcode-hint = Mindestens { $characters } Zeichen.
sign-in-wrong = Konto und Passwort passen nicht zusammen.
sign-in-wait =
    { $seconds ->
        [one] Zu viele Fehlversuche: erneut versuchen in einer Sekunde.
       *[other] Zu viele Fehlversuche: erneut versuchen in { $seconds } Sekunden.
    }
sign-in-busy = Im Moment kann sich niemand anmelden. Versuchen Sie es erneut.
sign-in-oidc = Anmelden über { $provider }
sign-in-done = Sie sind angemeldet
sign-in-go-on = Weiter
sign-in-oidc-unavailable = Der Identitätsanbieter ist nicht erreichbar oder antwortet nicht, wie er soll. Versuchen Sie es erneut, oder melden Sie sich mit Passwort an.
sign-in-oidc-refused = Der Identitätsanbieter hat Sie nicht angemeldet.
sign-in-oidc-stale = Diese Anmeldung gilt nicht mehr: Sie hat zu lange gedauert, wurde schon benutzt oder in einem anderen Browser begonnen. Beginnen Sie von vorn.
sign-in-oidc-unproven = Der Auskunft des Identitätsanbieters wird nicht geglaubt. Wenden Sie sich an die Betreiber des Gateways: Das Protokoll nennt den Grund.
sign-in-oidc-no-account = Für Sie gibt es hier kein aktives Konto. Wenden Sie sich an die Verwaltung der Konten.
set-up = Das erste Konto
set-up-what = Dieses Konto verwaltet Gegenstellen, Warteschlangen und Konten. Es legt die Konten der anderen an.
set-up-make = Konto anlegen

## Words of the contract
verdict-permit = erlaubt
verdict-deny = abgelehnt
verb-store = speichern
verb-query = abfragen
verb-retrieve = abrufen
purpose-TREATMENT = Behandlung
purpose-EMERGENCY = Notfall (Break-Glass)
purpose-PATIENT_REQUEST = auf Wunsch des Patienten
purpose-RESEARCH = Forschung
purpose-OPERATIONS = Betrieb
purpose-PAYMENT = Abrechnung
outcome-completed = abgeschlossen
outcome-failed = fehlgeschlagen
outcome-interrupted = unterbrochen
outcome-cancelled = abgebrochen
outcome-stopped = gestoppt

## Heads of tables
head-when = Wann
head-code = Code
head-what = Was
head-requester = Anfragender
head-verb = Anfrage
head-why = Warum
head-queue = Warteschlange
head-state = Zustand
head-waiting = Wartend
head-dead = Unzustellbar
head-quarantined = In Quarantäne
head-institution = Einrichtung
head-score = Punktzahl
head-of-1000 = Von 1000
head-entry = Eintrag
head-decision = Entscheidung
head-recipient = Empfänger
head-patient = Patient
head-purpose = Zweck
head-answer = Antwort
head-outcome = Ausgang
head-detail = Einzelheit
head-status = Status
head-bytes = Menge
head-rate = Rate
head-instance = Instanz
head-instances = Bilder
head-failed = Fehlgeschlagen
head-warned = Mit Warnung
head-spooled = Zwischengelagert
head-ended = Beendet
head-fault = Fehler bei
head-tries = Versuche
head-consent = Einwilligung
head-speaks = Zu dieser Anfrage

## Looking for something
search = Suchen
search-clear = Zurücksetzen
any = alle
older = Ältere
none-so-far = Unter den neuesten ist nichts. Weiter mit älteren.
there-is-more = Es gibt mehr, als hier gezeigt wird.
ae-title = AE-Titel
field-ae = AE-Titel
field-user = Benutzer
field-from = Von
field-to = Bis
field-other = Ein Feld
field-unreadable = { $field }: Das ist nicht lesbar.
field-patient-id = Patienten-ID
field-patient-issuer = Aussteller der Patienten-ID
study-instance-uid = Study Instance UID
show-patient = Zeigen, wer es ist
look-is-recorded = Diese Einsicht wird im Ledger festgehalten.

## Why something was refused
reason-no-consent = keine Einwilligung
reason-no-patient = kein Patient erkannt
reason-no-rule = keine Regel erlaubt es
reason-no-contract = kein Vertrag ist in Kraft
reason-rule-error = Fehler in einer Regel
reason-plain = verschlüsselter Transport verlangt
reason-denied = vom Patienten verweigert
reason-emergency-limit = Grenze der Notfallzugriffe erreicht
