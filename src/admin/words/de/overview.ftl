## Overview
overview = Übersicht
tile-under-way = Gerade unterwegs
tile-arrived = Bilder, letzter Tag
tile-permitted = Erlaubt, letzter Tag
tile-refused = Abgelehnt, letzter Tag
tile-waiting = Wartend in Warteschlangen
tile-ledger = Einträge im Ledger
last-day = Der letzte Tag
plot-day = Anfragen des letzten Tages nach Stunden, erlaubt und abgelehnt
nothing-yet = Noch wurde nichts angefragt. Richten Sie eine Modalität oder einen Arbeitsplatz auf den AE-Titel des Gateways, dann erscheint es hier.
refused-of-the-day = Abgelehnt am letzten Tag
nothing-refused = Am letzten Tag wurde nichts abgelehnt.
queues = Warteschlangen
no-queues = Keine Route puffert, also wartet nichts.
scores = Punktzahlen
no-scores = Noch hat keine Einrichtung eine eigene Punktzahl: jede zählt mit 500.

## States of queues
queue-state-idle = ruht
queue-state-working = arbeitet
queue-state-down = Ziel nicht erreichbar
queue-state-busy = Ziel ausgelastet
queue-state-not-recorded = nicht aufzeichenbar
queue-state-paused = angehalten
queue-state-no-peer = keine Gegenstelle
queue-state-not-served = nicht bedient

no-alerts = Nichts braucht Aufmerksamkeit.
alerts-standing = Braucht Aufmerksamkeit
flowing-now = Gerade im Gang
nothing-flows = Niemand ist verbunden.
ending-soon = Läuft bald ab
nothing-ends = Kein Zertifikat und keine Sperrliste läuft bald ab.
head-how-bad = Schwere
head-last = Zuletzt
head-times = Anzahl
head-association = Association
head-operation = Vorgang
head-requests = Anfragen
head-since = Seit
head-ends = Ende
severity-success = gute Nachricht
severity-minor = gering
severity-serious = ernst
severity-major = schwer
see-all = Alle ansehen
