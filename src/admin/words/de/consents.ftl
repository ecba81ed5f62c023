## Consents
consents = Einwilligungen
consents-find = Patient suchen
consents-find-hint = Dass Sie einen Patienten ansehen, wird mit Ihrem Namen aufgezeichnet.
consents-find-do = Diesen Patienten anzeigen
consents-lately = Zuletzt aufgezeichnet
consents-none-lately = Noch ist keine Einwilligung aufgezeichnet. Die Patientenaufnahme zeichnet sie hier auf.
consents-stands = gilt
consents-ended = widerrufen
consents-done = Fertig mit diesem Patienten
consents-other-patient = Dieses Formular wurde für einen anderen Patienten geöffnet als den, der jetzt bedient wird: Nichts wurde aufgezeichnet. Suchen Sie den Patienten erneut.
consents-unmet = Das Gateway kennt diesen Patienten noch nicht. Prüfen Sie die Patienten-ID. Was hier aufgezeichnet wird, gilt, sobald Bilder kommen.
consents-ids = Patienten-IDs
consents-ids-many =
    { $count ->
        [one] unter { $count } ID bekannt
       *[other] unter { $count } IDs bekannt, zu einer Person zusammengeführt
    }
consents-table = Einwilligungen und Widersprüche
consents-nothing = Für diesen Patienten ist nichts aufgezeichnet. Ohne Einwilligung gehen Bilder nur hinaus, wo die Regeln es erlauben. Zeichnen Sie unten auf, was der Patient sagt.
consents-number = Nr.
consents-granted = eingewilligt
consents-denied = widersprochen
consents-to = An wen
consents-purposes = Wofür
consents-images = Welche Bilder
consents-valid = Gültig
consents-giver = Gesagt von
consents-anyone = jede andere Einrichtung
consents-every-purpose = jeden Zweck
consents-all-images = alle Bilder
consents-one-study = eine Untersuchung (Prüfsumme { $digest })
consents-studies-from = Untersuchungen ab { $from }
consents-studies-until = Untersuchungen bis { $until }
consents-studies-between = Untersuchungen von { $from } bis { $until }
consents-from = ab { $from } bis zum Widerruf
consents-from-until = von { $from } bis { $until }
consents-until = bis { $until }
consents-by-patient = der Patient
consents-by-guardian = ein Vertreter
consents-over = abgelaufen
consents-not-yet = noch nicht

## What is done at the desk
consents-grant = Einwilligung aufzeichnen
consents-grant-what = Der Patient erlaubt, dass Bilder an andere gegeben werden. Was hier nicht eingeschränkt ist, ist nicht eingeschränkt.
consents-grant-do = Einwilligung aufzeichnen
consents-deny = Widerspruch aufzeichnen
consents-deny-what = Der Patient will nicht, dass Bilder an andere gegeben werden. Ein Widerspruch geht jeder Einwilligung vor und hält an, was gerade läuft.
consents-deny-do = Widerspruch aufzeichnen
consents-print = Für den Patienten drucken
consents-report = Was über diesen Patienten hinausging
consents-person = Die Person
consents-back = Zurück zum Patienten
consents-images-hint = Nichts angekreuzt und nichts ausgefüllt: alle Bilder.
consents-other-modalities = Andere Modalitäten
consents-other-modalities-hint = Codes von DICOM mit Leerzeichen dazwischen, etwa OPT ECG.
consents-study = Eine Untersuchung (Study Instance UID)
consents-study-hint = Nur wenn der Patient genau eine meint.
consents-study-from = Untersuchungen ab diesem Tag
consents-study-until = Untersuchungen bis zu diesem Tag
consents-first-day = Erster Tag
consents-first-day-hint = Leer: ab jetzt.
consents-last-day = Letzter Tag
consents-last-day-hint = Leer: bis zum Widerruf.
consents-wrong-to = Wählen Sie, um wen es geht: eine Einrichtung oder jede andere.
consents-wrong-purposes = Wählen Sie mindestens einen Zweck.
consents-wrong-modality = Eine Modalität ist ein Code aus bis zu 16 Großbuchstaben, Ziffern und Unterstrichen, etwa CT.
consents-wrong-study = Das ist keine Study Instance UID: Sie hat nur Ziffern und Punkte.
consents-revoke = Widerrufen
consents-revoke-this = Nr. { $number } widerrufen
consents-revoke-grant = Diese Einwilligung gilt von jetzt an nicht mehr, und was ihretwegen gerade läuft, wird angehalten. Die genannten Einrichtungen sollen löschen, was sie bekommen haben, oder es nicht mehr verwenden. Ein Widerruf wird nicht zurückgenommen; der Patient kann neu einwilligen.
consents-revoke-denial = Dieser Widerspruch gilt von jetzt an nicht mehr: Was Einwilligungen und Regeln erlauben, darf wieder hinaus.
consents-revocation = Widerruf
consents-waiting = Widerrufe, die auf Antwort warten
consents-waiting-what = Wenn eine Einrichtung mitteilt, dass sie das Erhaltene gelöscht hat oder nicht mehr verwendet, vermerken Sie es hier. Rechtzeitig zählt das zugunsten der Einrichtung.
consents-answered = Hat geantwortet

## Who speaks for a patient, and who they are
consents-guardian = Gesetzlicher Vertreter
consents-guardian-none = niemand: Der Patient spricht für sich selbst
consents-guardian-sealed = benannt; wer es ist, lässt sich nicht mehr lesen
consents-guardian-now = Der jetzige Vertreter
consents-guardian-name = Vertreter benennen
consents-guardian-change = Vertreter ändern
consents-guardian-end = Der Patient spricht wieder für sich selbst
consents-guardian-what = Der Vertreter darf anstelle des Patienten einwilligen und widersprechen und ersetzt, wer vorher benannt war. Was ein Vertreter gesagt hat, gilt über seine Zeit hinaus, bis es widerrufen wird.
consents-guardian-who = Wer, und auf welcher Grundlage
consents-guardian-who-hint = Etwa ein Name und „Beschluss 12/2026“. Bleibt unter dem Schlüssel des Patienten versiegelt.
consents-guardian-until-hint = Leer: bis es beendet wird.
consents-merge = Weitere Patienten-IDs
consents-merge-do = Diese ID ist derselbe Patient
consents-merge-what = Von da an sprechen Einwilligungen und Widersprüche unter jeder der IDs für beide: Eine Einwilligung unter der einen erlaubt Bilder der anderen, ein Widerspruch unter der einen hält Bilder der anderen an. Sehen Sie vorher beide an. Der Patient oben bleibt bestehen.
consents-unlink-do = Diese ID ist ein anderer Patient
consents-unlink-what = Nimmt eine Zusammenführung zurück. Jeder behält, was unter seiner eigenen ID aufgezeichnet wurde, auch in der Zwischenzeit: Prüfen Sie, unter welcher es aufgezeichnet wurde.
consents-standing = Reputation
consents-standing-now = Reputation heute: { $standing } von 1000.
consents-standing-note = Vermerken, was dafür oder dagegen spricht
consents-standing-what = Regeln können die Reputation in der Forschung und bei dem abwägen, was Patienten selbst verlangen. In der Behandlung gibt es sie nicht. Zu widersprechen, zu widerrufen oder sich zu beschweren senkt sie nie.
consents-standing-proven = der Patient hat nachgewiesen, wer er ist
consents-standing-kept = eine Einwilligung wurde bis zum vereinbarten Ende gehalten
consents-standing-abused = ein Selbstbedienungslink wurde missbraucht
consents-standing-do = Aufzeichnen

## What a patient takes home
consents-print-title = Was Sie über Ihre Bilder entschieden haben
consents-print-for = Für den Patienten mit der Nummer { $id }.
consents-print-for-issued = Für den Patienten mit der Nummer { $id } (vergeben von { $issuer }).
consents-print-as-of = Stand am { $date }.
consents-print-none = Sie haben weder in etwas eingewilligt noch einer Sache widersprochen.
consents-print-granted = Sie haben eingewilligt
consents-print-denied = Sie haben widersprochen
consents-print-grant = Nummer { $number }. Bilder von Ihnen bekommen darf: { $to }. Welche Bilder: { $images }. Wofür: { $purposes }. Gültig { $valid }.
consents-print-deny = Nummer { $number }. Bilder von Ihnen nicht bekommen darf: { $to }. Welche Bilder: { $images }. Wofür: { $purposes }. Gültig { $valid }.
consents-print-guardian = Gesagt hat das für Sie, wer an Ihrer Stelle einwilligen darf.
consents-print-rights = Sie können das jederzeit ändern oder widerrufen, ohne einen Grund zu nennen. Sagen Sie uns die Nummer. Ein Widerspruch zählt mehr als eine Einwilligung.
consents-print-rules = Was ohne Ihre Einwilligung gesendet werden darf, etwa im Notfall, steht in unseren Regeln; fragen Sie uns danach. Sie haben das Recht zu erfahren, was über Sie an wen gesendet wurde: Verlangen Sie den Bericht.

## What left about a patient
consents-report-title = Wem Ihre Bilder gesendet wurden
consents-report-what = Für diesen Bericht wird das ganze Journal gelesen; das dauert, wenn es lang ist. Dass er erstellt wurde, wird aufgezeichnet.
consents-report-since = Für welche Zeit
consents-report-years =
    { $count ->
        [one] das letzte Jahr
       *[other] die letzten { $count } Jahre
    }
consents-report-suspended = Auch, was der Patient vorerst nicht erfährt
consents-report-make = Bericht erstellen
consents-report-csv = Als CSV herunterladen
consents-report-html = Als Seite herunterladen (englisch)
consents-report-span = Von { $since } bis { $until }. Tage sind die von { $zone }.
consents-report-not-for-patient = Nicht für den Patienten: Eine Behörde hat das Recht, einiges davon zu erfahren, aufschieben lassen. Was das ist, ist gekennzeichnet.
consents-report-nothing = In dieser Zeit wurde nichts an andere gesendet.
consents-report-more = Es gab { $count } weitere, zu viele für diese Liste.
consents-report-foot = Das ist die Auskunft, auf die Sie ein Recht haben (Artikel 15 DSGVO; 45 CFR 164.528). Was an denselben Empfänger zum selben Zweck und auf derselben Grundlage ging, steht einmal. Wo steht, dass Sie eingewilligt hatten, kann das auch jemand getan haben, der an Ihrer Stelle einwilligen darf. Nummern von Einträgen sind die unseres Journals; mit ihnen finden wir es wieder. Was ein Empfänger danach mit Ihren Bildern getan hat, weiß der Empfänger.
consents-report-on = Am { $first }
consents-report-often = Am { $first }, { $times }-mal
consents-report-between = Zwischen { $first } und { $last }, { $times }-mal
consents-report-images = { $when }: Bilder von Ihnen wurden an { $to } gesendet. Untersuchungen: { $examinations }. Anzahl der Bilder: { $images }. Wofür: { $purpose }. Warum es erlaubt war: { $because }.
consents-report-told = { $when }: { $to } wurde mitgeteilt, dass es Untersuchungen von Ihnen gibt (wie viele: { $studies }). Bilder wurden dabei nicht gesendet. Wofür: { $purpose }. Warum es erlaubt war: { $because }.
consents-report-uncertain = Das Senden brach ab oder ist nicht beendet: Vielleicht ist nicht alles angekommen.
consents-report-entry = Eintrag { $entry }.
consents-report-entries = Erster Eintrag { $first }, letzter Eintrag { $last }.
consents-report-marked = [Dem Patienten vorerst nicht mitzuteilen]
consents-report-no-address = Adresse nicht bekannt
consents-report-observed = unsere Regeln sprachen dagegen, wurden aber damals nur erprobt, und noch wurde nichts zurückgehalten
consents-report-emergency = es war ein Notfall, in dem Bilder ohne Einwilligung gesendet werden dürfen
consents-report-consented = Sie hatten eingewilligt (Nr. { $numbers })
consents-report-rules = unsere Regeln erlauben es
consents-report-rules-named = unsere Regeln erlauben es ({ $rules }; fragen Sie uns nach dem Text)
consents-report-unknown-study = eine Untersuchung
consents-report-studies = { $count } Untersuchungen
consents-report-study = { $kind }, { $date }

## In plain words
date-in-words =
    { $day }. { $month ->
        [1] Januar
        [2] Februar
        [3] März
        [4] April
        [5] Mai
        [6] Juni
        [7] Juli
        [8] August
        [9] September
        [10] Oktober
        [11] November
       *[12] Dezember
    } { $year }
list-and = { $first } und { $last }
list-comma = { ", " }
purpose-plain-TREATMENT = Behandlung
purpose-plain-EMERGENCY = Behandlung, die nicht warten kann (Notfall)
purpose-plain-PATIENT_REQUEST = was der Patient verlangt
purpose-plain-RESEARCH = Forschung
purpose-plain-OPERATIONS = Betrieb des Krankenhauses, etwa Qualität und Lehre
purpose-plain-PAYMENT = Abrechnung
modality-ct = Computertomographie
modality-mr = Magnetresonanz
modality-us = Ultraschall
modality-x-ray = Röntgen
modality-mg = Mammographie
modality-xa = Angiographie
modality-rf = Durchleuchtung
modality-nm = Nuklearmedizin
modality-pt = Positronen-Emissions-Tomographie
modality-es = Endoskopie
modality-sm = Mikroskopie
modality-eye = Auge
modality-heart = Herz
modality-bmd = Knochendichte
modality-rt = Strahlentherapie
modality-report = Befund
modality-other = Foto oder anderes

## Forms
patient-issuer-hint = Leer, wo Patienten-IDs keinen haben.
patient-id-wrong = Eine Patienten-ID hat 1 bis 64 Zeichen, darunter kein umgekehrter Schrägstrich und kein Steuerzeichen.
wrong-day = Ein Tag wird als 2026-01-31 geschrieben.
wrong-order = Der letzte Tag liegt vor dem ersten.
question-no = Nein, zurück
recorded-as = Aufgezeichnet als Eintrag { $entry }.
head-do = Zu tun
print = Drucken
proof-entries = Einträge, die es belegen
proof-entries-hint = Nummern des Journals, 1 bis 32, mit Leerzeichen dazwischen.

## Why something was not done
refusal-no-consent = Es gibt keine solche Einwilligung: Vielleicht wurde sie schon widerrufen.
refusal-no-patient-id = Eine Patienten-ID wird gebraucht.
refusal-unmet = Das Gateway kennt keinen solchen Patienten.
refusal-over = Das ist nicht mehr offen: Vielleicht hat es schon jemand getan. Laden Sie die Seite neu.
refusal-text = Ein Text von 1 bis 2000 Zeichen wird gebraucht.
refusal-no-room = Die Festplatte ist voll: Jetzt kann nichts aufgezeichnet werden. Verständigen Sie die Administration.
refusal-no-guardian = Für diesen Patienten ist kein Vertreter benannt: Benennen Sie zuerst einen.
refusal-merged = Das ist bereits ein Patient.
refusal-not-merged = Diese ID wurde nicht in den Patienten oben zusammengeführt.
refusal-many-ids = Dieser Patient hat so viele Patienten-IDs, wie einer haben darf: 32.
refusal-many-consents = Dieser Patient hat so viele Einwilligungen, wie einer haben darf: Widerrufen Sie die abgelaufenen.
refusal-time = Eine Einwilligung beginnt und endet vor dem Jahr 2255.
refusal-proof = Nennen Sie 1 bis 32 Einträge des Journals, die es belegen, mit ihren Nummern.
refusal-reference = Ein Aktenzeichen hat höchstens 64 Zeichen: Buchstaben ohne Umlaute, Ziffern und Zeichen.
refusal-second-person = Dazu braucht es eine zweite Person: Wer den ersten Schritt getan hat, kann diesen nicht tun. Bitten Sie jemanden, sich anzumelden.
refusal-no-reason = Geben Sie zuerst einen Grund an.
refusal-own-score = Die eigene Einrichtung führt keine Punktzahl über sich selbst.
refusal-lapsed = Diese Meldung ist verfallen: Niemand hat rechtzeitig entschieden.
refusal-held = Die Sperre { $hold } (Aktenzeichen { $reference }) steht dagegen. Heben Sie sie zuerst auf.
refusal-holds-nothing = Eine Sperre gilt einer Person oder allen, und ihr erstes Jahr liegt nicht nach dem letzten.
refusal-oral = Eine mündliche Erklärung gilt höchstens 30 Tage, und einmal: Für länger braucht es sie schriftlich.
refusal-suspension-over = Ein Aufschub endet später als jetzt.
refusal-own-disclosure = Offenlegungen gehen an andere Einrichtungen als die eigene.
refusal-epoch = Das Jahr dieser Epoche ist nicht vorbei, oder ihre Einzelheiten wurden schon verworfen.
