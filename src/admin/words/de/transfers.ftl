## Transfers
transfers = Übertragungen
transfers-now = Gerade unterwegs
transfers-none-now = Im Moment wird nichts übertragen. Beginnt eine Übertragung, erscheint sie hier von selbst.
transfers-of-late = Kürzlich beendet
transfers-none-of-late = Am letzten Tag endete nichts. Ältere Übertragungen findet die Suche.
transfers-ended = Beendete Übertragungen, die zuletzt begonnene zuerst
transfers-none = Keine Übertragung passt. Nehmen Sie eine Bedingung weg.
transfers-all = Alle Übertragungen
transfer-title = Übertragung { $entry }
transfer-moving = unterwegs
transfer-of = { $here } von { $all }
transfer-decision = Die Entscheidung, erklärt
transfer-classes = Was ankam
transfer-parts = Verlauf, Sekunde für Sekunde
transfer-receipts = Quittungen zwischen den Gateways
transfer-receipt-due = ausstehend
transfer-receipt-drafted = von uns unterschrieben
transfer-receipt-agreed = von beiden unterschrieben
transfer-receipt-disputed = strittig
transfer-receipt-missing = fehlt
transfer-deliveries = Aus dem Zwischenlager zugestellt unter
transfer-dead = Unzustellbar in Warteschlange { $queue }: { $count }
transfer-quarantined = In Quarantäne in Warteschlange { $queue }: { $count }
transfer-retry = Diese Studie erneut versuchen
transfer-release = Dem Vertrag erneut vorlegen
transfer-release-reason = Warum es jetzt gehen soll
transfer-tried =
    { $count ->
        [one] Ein Bild wird erneut versucht.
       *[other] { $count } Bilder werden erneut versucht.
    }
transfer-parts-hidden =
    { $count ->
        [one] Ein früherer Teil wird nicht gezeigt.
       *[other] { $count } frühere Teile werden nicht gezeigt.
    }
transfer-failed-hint = Das Ledger enthält, wie viele Bilder scheiterten, mit welchem Status der Empfänger sie ablehnte und, wo das sicher ist, auf wessen Seite. Was ohne Status blieb, ging mit seiner Verbindung verloren oder wurde nicht freigegeben.

## Statuses of a C-STORE response
transfer-statuses = Abgelehnt mit
status-out-of-resources = keine Ressourcen
status-not-of-the-class = Datensatz passt nicht zur SOP-Klasse
status-not-understood = vom Empfänger nicht verstanden
status-processing-failure = Verarbeitungsfehler
status-class-not-supported = SOP-Klasse nicht unterstützt
status-not-authorised = nicht erlaubt
status-wrong-instance = keine gültige Instanz
status-other = anderer Status
