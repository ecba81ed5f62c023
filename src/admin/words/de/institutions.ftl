## Institutions
institutions = Einrichtungen
institutions-what = Wie verlässlich die anderen mit uns Bilder austauschen, soweit unser eigenes Gateway es gesehen hat. Was eine Punktzahl erlaubt, sagen die geltenden Regeln.
institutions-all = Einrichtungen und ihre heutigen Punktzahlen
institutions-ceiling = Obergrenze
institutions-good = Gut
institutions-bad = Schlecht
institutions-ae-titles = AE-Titel
institutions-peers = Gegenstellen
institutions-gateway = Gateway
institutions-yes = ja
institutions-own = eigene
institutions-no-evidence = noch kein Nachweis
institutions-own-what = Das ist unsere eigene Einrichtung. Sie hat hier keine Punktzahl.
institutions-score-today = Punktzahl heute
institutions-consents = Einwilligungen, die sie nennen
institutions-objections =
    { $count ->
        [one] und { $count } Widerspruch
       *[other] und { $count } Widersprüche
    }
institutions-until-lifted = bis sie aufgehoben wird
institutions-until = bis einschließlich { $day }
institutions-formula = 1000 × (gut { $good } + { $base-good }) / (gut { $good } + schlecht { $bad } + { $base }), abgerundet: { $score }. Eine Einheit ist ein Tag einwandfreien Austauschs mit einer Gegenseite; die Hälfte des Guten wird früher vergessen als die Hälfte des Schlechten.

## Score over time
institutions-over-time = Punktzahl im Verlauf
institutions-nothing-yet = Über diese Einrichtung gibt es noch keinen Nachweis. Ihre Punktzahl bewegt sich mit der ersten Übertragung, die endet.
institutions-unreadable = Das Ledger ist nicht lesbar. Wer das Gateway betreibt, sollte in dessen Log nachsehen.
institutions-reading = Das Ledger wird gelesen: { $done } von { $of } Einträgen. Laden Sie die Seite gleich noch einmal.
institutions-chart = Punktzahl von { $name } im Verlauf
institutions-axis-day = Tag
institutions-axis-score = Punkte
institutions-span-quarter = Ein Quartal
institutions-span-year = Ein Jahr
institutions-span-all = Alles
institutions-key-score = Punktzahl am Ende jedes Tages
institutions-key-event = Belastung
institutions-key-marks = Gestrichelt: Punktzahlen, ab denen die ausgelieferten Regeln mehr erlauben

## What moved it
institutions-events = Woraus die Punktzahl entsteht
institutions-head-day = Tag
institutions-head-entries = Einträge
institutions-left = davon übrig
institutions-more =
    { $count ->
        [one] { $count } ältere Zeile ist nicht aufgeführt: credence score explain { $slug } --all nennt sie.
       *[other] { $count } ältere Zeilen sind nicht aufgeführt: credence score explain { $slug } --all nennt sie.
    }
institutions-routine = { $good } von { $due } Übertragungen in Ordnung
institutions-revocations-answered =
    { $count ->
        [one] { $count } Widerruf rechtzeitig beantwortet
       *[other] { $count } Widerrufe rechtzeitig beantwortet
    }
institutions-review-overdue = Notfallzugriff nicht rechtzeitig geprüft: Entscheidung { $decision }
institutions-review-unjustified = Notfallzugriff als unbegründet befunden: Entscheidung { $decision }
institutions-equivocated = Zwei signierte Aussagen von ihr widersprechen einander
institutions-receipt-disputed = Eine Quittung über andere Bytes, als unser Gateway gesehen hat: Entscheidung { $decision }
institutions-misstated = Sie hat im Namen einer anderen Einrichtung gesprochen
institutions-incident-upheld = Vorfall bestätigt: { $incident }; Meldung { $report }
institutions-reversed = zurückgenommen mit Eintrag { $entry }
institutions-set-ceiling = Obergrenze { $score } bis einschließlich { $day }
institutions-set-ceiling-lifted = Obergrenze { $score }, bis sie aufgehoben wird
institutions-lifted = aufgehoben mit Eintrag { $entry }
institutions-waiting = Zählt noch nicht: { $incident } (Meldung { $report }) wartet auf die Schiedsstelle und verfällt am

## Transfers of late
institutions-transfers = Letzte Übertragungen
institutions-no-transfers = Zwischen ihr und uns wurde am letzten Tag nichts übertragen.
institutions-recipient = Empfänger
institutions-images = Bilder
institutions-failed = Fehlgeschlagen
institutions-under-way = läuft

## Address book
institutions-address-book = Adressbuch
institutions-slug = Kurzname
institutions-address = Anschrift
institutions-no-address = nicht in der Konfiguration
institutions-certificates = Zertifikate
institutions-fhir = In FHIR
institutions-no-peers = Keine Gegenstelle von ihr steht in der Konfiguration: Tragen Sie eine als [[peer]] ein, dann kann sie anfragen und angefragt werden.
institutions-peer = Gegenstelle
institutions-ae-title = AE-Titel
institutions-calls-from = Ruft an von
institutions-any-address = jeder Adresse
institutions-connect = Wir verbinden zu
institutions-never-connected = nie
institutions-may = Darf
institutions-echo-head = Antwortet
institutions-echo = Echo
institutions-echo-peer = C-ECHO an { $peer } senden
institutions-echo-answers = antwortet
institutions-echo-took = { $ms } ms
institutions-echo-tls = unsere Zertifikate sind nicht verwendbar
institutions-echo-unreachable = nicht erreichbar
institutions-echo-not-accepted = nimmt kein C-ECHO an
institutions-echo-ended = hat abgebrochen
institutions-echo-status = antwortet mit einem Fehler
institutions-echo-late = keine Antwort in der Zeit
institutions-gateway-of = Gateway { $peer }
institutions-gateway-ae = Unser AE-Titel dafür
institutions-gateway-emergency-ae = Derselbe für Notfälle
institutions-exchange = Austausch
institutions-log-key = Schlüssel seines Ledgers
institutions-statement-key = Schlüssel seiner Aussagen
institutions-witness-key = Schlüssel seines Zeugen
institutions-parcel-key = Schlüssel für Pakete
