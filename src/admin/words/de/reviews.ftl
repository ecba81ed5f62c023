## Reviews
reviews = Prüfungen und Vorfälle
reviews-waiting = Zu prüfende Zugriffe
reviews-none = Kein Zugriff wartet auf eine Prüfung. Notfallzugriffe erscheinen hier.
reviews-due = Fällig
reviews-overdue = überfällig
reviews-reason = Grund
reviews-reason-by = angegeben von { $by }
reviews-reason-missing = nicht angegeben
reviews-reason-none = Noch wurde kein Grund angegeben. Wer zugegriffen hat oder dafür einsteht, sagt unten, warum.
reviews-reason-show = Grund anzeigen
reviews-reason-show-what = Der Text ist versiegelt und kann den Patienten nennen. Dass er Ihnen gezeigt wurde, wird aufgezeichnet.
reviews-reason-sealed = Der Text ist versiegelt; gezeigt wird er denen, die sehen dürfen, wer Patienten sind.
reviews-reason-gone = Der Text lässt sich nicht mehr öffnen: Der Patient wurde vergessen, oder die Frist ist um.
reviews-one = Prüfung der Entscheidung { $decision }
reviews-back = Zurück zu Prüfungen und Vorfällen
reviews-give = Grund angeben
reviews-give-why = Warum zugegriffen wurde
reviews-give-hint = Unter dem Schlüssel des Patienten versiegelt. Ein späterer Grund ersetzt keinen früheren.
reviews-give-do = Grund aufzeichnen
reviews-close = Befinden und damit die Prüfung beenden
reviews-close-what = Es braucht zuerst einen Grund. Wer den letzten Grund angegeben hat, kann den Zugriff nicht für gerechtfertigt befinden: Das macht eine zweite Person, am besten eine unbeteiligte. Ungerechtfertigt kostet er die anfragende Einrichtung Reputation.
reviews-justified = Gerechtfertigt
reviews-unjustified = Nicht gerechtfertigt
rows-more =
    { $count ->
        [one] { $count } weiterer wird hier nicht gezeigt.
       *[other] { $count } weitere werden hier nicht gezeigt.
    }

## Incidents
reviews-incidents = Gemeldete Vorfälle
reviews-incidents-none = Keine Meldung wartet auf eine Entscheidung.
reviews-report = Vorfall melden
reviews-report-what = Sagt, dass eine Einrichtung falsch gehandelt hat. Noch wird nichts angerechnet: Eine andere Person entscheidet und sieht sich die Einträge an, die es belegen.
reviews-report-do = Melden
reviews-report-number = Meldung
reviews-reported-by = Gemeldet von
reviews-kind = Was sie getan hat
reviews-reference = Aktenzeichen
reviews-reference-hint = Nummer einer Akte, höchstens 64 Zeichen. Nie Patientendaten.
reviews-lapses = Verfällt
reviews-lapsed = verfallen
reviews-arbiter = Als Schiedsperson
reviews-arbiter-what = Es entscheidet eine andere Person als die, die gemeldet hat.
reviews-uphold = Bestätigen
reviews-dismiss = Abweisen
incident-digest-mismatch = angekommen ist etwas anderes als gesendet wurde
incident-purpose-misuse = für einen anderen Zweck verwendet
incident-revocation-ignored = ein Widerruf wurde nicht befolgt
incident-onward-disclosure = unerlaubt weitergegeben
incident-equivocation = widersprüchliche signierte Aussagen oder Manipulation
reviews-charges = Anrechnungen, die zurückgenommen werden können
reviews-charges-none = Niemandem ist etwas angerechnet.
reviews-charge-was = Einheiten damals
reviews-charge-left = Einheiten heute
reviews-reverse = Zurücknehmen
reviews-reverse-this = Anrechnung des Eintrags { $entry } zurücknehmen
reviews-reverse-what = Was von der Anrechnung übrig ist, fällt weg, und mit ihr die Obergrenze. Das ist ein eigener Eintrag; der alte bleibt.
reviews-lift = Obergrenze aufheben
reviews-lift-this = Obergrenze des Eintrags { $entry } aufheben
reviews-lift-what = Die Punktzahl darf wieder darüber steigen. Die Anrechnung selbst bleibt.
reviews-receipts = Ausgebliebene Quittungen
reviews-receipts-what = Das Gateway der anderen Einrichtung hat nicht quittiert, was es bekommen hat. Fragen Sie dort nach; was es anders signiert hat, wird von selbst angerechnet.

## Records: what is held, suspended and forgotten
reviews-records = Sperren, Aufschübe und Aufbewahrung
records-holds = Rechtliche Sperren
records-holds-what = Was gesperrt ist, wird weder vergessen noch verworfen.
records-holds-none = Es besteht keine Sperre.
records-hold = Sperre setzen
records-hold-whose = Sagen Sie, wessen: ein Patient oder alle, und nicht beides.
records-hold-lift = Aufheben
records-hold-lift-this = Sperre { $entry } aufheben
records-hold-lift-what = Was gesperrt war, kann dann vergessen und verworfen werden. Sie können eine neue Sperre setzen, aber was inzwischen verworfen wurde, ist weg.
records-everybody = alle
records-everybody-tick = Die Einzelheiten aller
records-years = Jahre
records-years-all = alle
records-from-year = Ab diesem Jahr
records-until-year = Bis zu diesem Jahr
records-year-wrong = Ein Jahr wird als 2026 geschrieben.
records-suspensions = Aufschübe des Rechts auf Auskunft
records-suspensions-what = Eine Behörde erklärt, dass es ihre Arbeit behindern würde, dem Patienten zu sagen, was sie bekommen hat, und wie lange (45 CFR 164.528(a)(2)). Bis dahin lässt der Bericht des Patienten das aus und sagt es nicht.
records-suspensions-none = Es besteht kein Aufschub.
records-suspend = Aufschieben
records-resume = Beenden
records-agency = Behörde
records-agency-wrong = Wählen Sie eine Einrichtung der Konfiguration.
records-statement = Wie sie es erklärt hat
records-statement-wrong = Wählen Sie, wie die Behörde es erklärt hat.
records-written = schriftlich
records-oral = mündlich
records-until = Bis
records-until-wrong = Eine schriftliche Erklärung nennt ihren letzten Tag.
records-last-day = Letzter Tag
records-suspend-until-hint = Mündlich: höchstens 30 Tage, und 30, wenn es leer ist.
records-said = Wer für die Behörde gesprochen hat, und was gesagt wurde
records-said-hint = Bleibt versiegelt.
records-retention = Aufbewahrung versiegelter Einzelheiten
records-retention-what = Eine Epoche ist ein Kalenderjahr einer Aufbewahrungsklasse. Ihre Einzelheiten zu verwerfen zerstört deren Schlüssel; die Zeilen des Journals bleiben, und mit ihnen jeder Beweis.
records-retention-none = Keine Epoche hat Einzelheiten.
records-epoch = Epoche
records-kept = Aufbewahrt
records-kept-years =
    { $count ->
        [one] { $count } Jahr
       *[other] { $count } Jahre
    }
records-due = lange genug aufbewahrt
records-not-due = noch aufbewahrt
records-held-by = Sperre { $entry }
records-drop-ask = Verwerfen …
records-drop-this = Einzelheiten von { $epoch } verwerfen
records-drop-final = Das ist endgültig: Niemand kann diese Einzelheiten je wieder öffnen, von keinem Patienten.
records-drop-do = Schlüssel zerstören
records-erasing = Patient vergessen
records-erasing-what = Zerstört den Schlüssel von allem, was über einen Patienten versiegelt ist (Artikel 17 DSGVO). Die Zeilen des Journals bleiben und kennen den Patienten nur unter einem zufälligen Pseudonym. Abgelehnt, solange eine Sperre für den Patienten besteht.
records-erase = Diesen Patienten vergessen
records-erase-ask = Vergessen …
records-erase-why = Warum
records-erase-final = Das ist endgültig: Niemand kann es zurückholen. Einwilligungen und Widersprüche der Person enden, unter allen zusammengeführten Patienten-IDs. Wer anderswo eine Kopie des Hüllschlüssels hat, ersetzt sie und macht eine neue Sicherung.
records-erase-do = Endgültig vergessen
records-no-longer-necessary = nicht mehr nötig
records-consent-withdrawn = Einwilligung widerrufen
records-objection = Widerspruch
records-unlawful = unrechtmäßig aufgezeichnet
records-legal-obligation = rechtliche Verpflichtung
records-recorded-in-error = für die falsche Person aufgezeichnet
