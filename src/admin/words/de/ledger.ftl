## Ledger
ledger = Ledger
ledger-signed-for = Signiert
ledger-bytes = Größe auf dem Datenträger
ledger-free = Frei auf dem Datenträger

## Verification
ledger-verification = Prüfung
ledger-verification-none = Das Ledger wurde noch nicht geprüft. Das Gateway tut es bald von selbst; oder prüfen Sie jetzt.
ledger-verify-now = Jetzt prüfen
ledger-under-way = Prüfung läuft
ledger-progress = { $done } von { $of } Einträgen geprüft; das Gateway arbeitet währenddessen weiter
ledger-verified-last = Letzte Prüfung
ledger-outcome = Ergebnis
ledger-outcome-whole = unversehrt
ledger-outcome-damaged = nicht wie geschrieben
ledger-outcome-undone = nicht durchführbar
ledger-first-damaged = Erster beschädigter Eintrag
ledger-entries-verified = Geprüfte Einträge
ledger-extent = Umfang
ledger-extent-chain = Kette, Baum und Checkpoints
ledger-extent-state = Auch jeder Zustand des Vertrags
ledger-extent-replay = Auch jede Signatur und Entscheidung, von neuem
ledger-took = Dauer
ledger-seconds = { $seconds } s
ledger-asked-by = Veranlasst durch
ledger-by-itself = das Gateway selbst
ledger-damaged = Das Ledger ist nicht so, wie es geschrieben wurde.
ledger-damaged-do = Lassen Sie den Datenträger, wie er ist, sichern Sie eine Kopie von allem und klären Sie, wer Zugriff hatte. Stellen Sie erst danach aus einer Sicherung wieder her. Dies bleibt stehen, bis ebenso viel geprüft und für unversehrt befunden wurde.

## Checkpoint
ledger-checkpoint = Neuester Checkpoint
ledger-checkpoint-what = Eine signierte Aussage, wie das Ledger war. Anderswo aufbewahrt, zeigt sie später, ob Einträge zurückgenommen oder geändert wurden.
ledger-checkpoint-none = Seit dem Start ist noch nichts signiert. In einer Sekunde gibt es einen Checkpoint.
ledger-checkpoint-download = Checkpoint herunterladen

## Witnesses and receivers
ledger-witnesses = Zeugen
ledger-witnesses-none = Niemand zeichnet die Checkpoints dieses Ledgers gegen. Verbinden Sie das Gateway eines anderen Hauses oder konfigurieren Sie einen Zeugen: Dann kann hier niemand das Ledger unbemerkt umschreiben.
ledger-witness = Zeuge
ledger-cosigned = Letzte Gegenzeichnung
ledger-never = nie
ledger-witnessed = Ledger, die wir bezeugen
ledger-origin = Ledger
ledger-unreadable = nicht lesbar
ledger-proofs =
    { $count ->
        [one] hat sich widersprochen: ein Beweis
       *[other] hat sich widersprochen: { $count } Beweise
    }
ledger-no-proofs = widerspruchsfrei
ledger-receivers = Audit-Empfänger
ledger-receivers-none = Es ist kein Audit-Empfänger konfiguriert ([[audit_receiver]]): Was geschieht, erfährt niemand außer dieser Konsole.
ledger-receiver = Empfänger
ledger-behind = Einträge im Rückstand

## Keys and backups
ledger-keys = Öffentliche Schlüssel
ledger-keys-what = Wer etwas aus diesem Ledger prüfen soll, braucht dessen Schlüssel, auf einem Weg überbracht, dem beide vertrauen. Er ist nicht geheim.
ledger-key-log = Checkpoints
ledger-key-statement = Aussagen und Ereignisse
ledger-key-witness = Als Zeuge
ledger-key-download = Schlüssel des Ledgers herunterladen
ledger-backups = Sicherungen
ledger-backups-what = Eine Sicherung lässt sich im laufenden Betrieb anlegen. Bewahren Sie den Schlüsselordner anderswo und auf anderem Weg auf, und sichern Sie nach jeder Löschung. Ein Checkpoint und der Schlüssel, anderswo aufbewahrt, zeigen, dass eine Sicherung unversehrt ist.
