## Peers
peers = Gegenstellen und Warteschlangen
peers-back = Gegenstellen und Warteschlangen
peers-all = alle

## Associations
peers-associations =
    { $count ->
        [one] { $count } Association derzeit
       *[other] { $count } Associations derzeit
    }
peers-no-associations = Im Moment hält keine Gegenstelle eine Association mit dem Gateway.
peers-not-accepted = noch nicht angenommen
peers-head-peer = Gegenstelle
peers-head-calling = Rufender AE-Titel
peers-head-called = Gerufener AE-Titel
peers-head-from = Von
peers-head-since = Seit
peers-head-operation = Läuft gerade
peers-head-requests = Anfragen

## The configuration
peers-configured = Gegenstellen
peers-none = Es ist keine Gegenstelle eingetragen: Fügen Sie der Konfigurationsdatei für jedes System, das das Gateway rufen darf, eine Zeile [[peer]] hinzu.
peers-head-ae-title = AE-Titel
peers-head-connect = Das Gateway verbindet sich mit
peers-head-comes-from = Es ruft von
peers-head-may = Es darf
peers-head-held = Associations
peers-plain = unverschlüsselt
peers-any-address = jede Adresse
peers-routes = Routen
peers-no-routes = Es ist keine Route eingetragen: Was an das Gateway gesendet wird, geht nirgendwohin. Fügen Sie der Konfigurationsdatei Zeilen [[route]] hinzu.
peers-head-callers = Für
peers-head-sop-classes = SOP-Klassen
peers-head-only = Nur
peers-head-to = Nach
peers-copies = Kopien:
peers-head-delivery = Zustellung
peers-head-mode = Modus
peers-titles = AE-Titel des Gateways
peers-head-purpose = Nutzungszweck
peers-purpose-of-caller = der des Rufenden
peers-listeners = Empfangsadressen
peers-head-address = Adresse
peers-head-encryption = Verschlüsselung
peers-certificate-required = Zertifikat verlangt
peers-certificate-optional = Zertifikat, falls vorhanden
peers-head-at-most = Associations höchstens
peers-certificates = Zertifikate
peers-no-certificates = Es ist kein TLS-Zertifikat eingetragen: DICOM und die Konsole laufen unverschlüsselt.
peers-head-certificate = Was
peers-head-ends = Läuft ab
peers-head-left = Verbleibend
peers-ended = abgelaufen
peers-days-left =
    { $days ->
        [one] ein Tag
       *[other] { $days } Tage
    }

## Queues
peers-queue = Warteschlange { $queue }
peers-head-bytes = Bytes
peers-head-on-their-way = Unterwegs
peers-head-delivered = Zugestellt
peers-head-uncommitted = Noch nicht bestätigt
peers-head-oldest = Älteste
peers-head-rate = Rate
peers-head-next-try = Nächster Versuch
peers-head-expected-end = Voraussichtlich fertig
peers-head-number = Nummer
peers-head-place = Ort
peers-head-study = Studie
peers-head-patient = Patient
peers-head-objects = Objekte
peers-head-received = Empfangen
peers-head-reason = Grund
peers-head-change = Ändern
place-waiting = wartet
place-dead = unzustellbar
place-quarantined = in Quarantäne
place-delivered = zugestellt
peers-lies-there = Inhalt
peers-nothing-there = Nichts wartet, und nichts wurde beiseitegelegt.
peers-more =
    { $count ->
        [one] und { $count } weitere Zeile
       *[other] und { $count } weitere Zeilen
    }
peers-by-object = Objekte einzeln auflisten
peers-by-study = Nach Studie auflisten

## What is done to a queue
peers-pause = Anhalten
peers-resume = Fortsetzen
peers-retry = Jetzt erneut versuchen
peers-retry-these = Erneut versuchen
peers-release = Aus der Quarantäne entlassen …
peers-release-these = Entlassen …
peers-drop = Verwerfen …
peers-drop-these = Verwerfen …
peers-actions-what = Eine angehaltene Warteschlange stellt nichts zu; was unterwegs ist, kommt noch an. Ein erneuter Versuch nimmt Unzustellbares wieder auf und Wartendes sofort. Jeder Eingriff steht im Ledger, bevor er geschieht.
peers-drop-title = Aus Warteschlange { $queue } verwerfen
peers-drop-what = Was verworfen wird, ist gelöscht, ohne zugestellt worden zu sein. Hat der Absender es ebenfalls gelöscht, sind die Bilder endgültig verloren.
peers-drop-which = Was
peers-drop-aside = Unzustellbares und was in Quarantäne liegt
peers-drop-dead = nur Unzustellbares
peers-drop-quarantined = nur was in Quarantäne liegt
peers-drop-waiting = was noch auf Zustellung wartet
peers-drop-now = Endgültig verwerfen
peers-release-title = Aus der Quarantäne von { $queue } entlassen
peers-release-what = Was entlassen wird, wird erneut nach dem Regelwerk beurteilt und zugestellt, wenn es jetzt erlaubt ist. Was weiterhin verweigert wird, kommt zurück in die Quarantäne.
peers-release-all = Alles, was dort in Quarantäne liegt.
peers-release-now = Entlassen
peers-reason-hint = Steht unverschlüsselt im Ledger: keine Patientendaten.
peers-not-now = Zurück, ohne es zu tun
peers-done-paused = Die Warteschlange ist angehalten.
peers-done-resumed = Die Warteschlange läuft weiter.
peers-done-retried =
    { $count ->
        [one] { $count } unzustellbares Objekt wird erneut versucht, Wartendes sofort.
       *[other] { $count } unzustellbare Objekte werden erneut versucht, Wartendes sofort.
    }
peers-done-released =
    { $count ->
        [one] { $count } Objekt wird erneut beurteilt.
       *[other] { $count } Objekte werden erneut beurteilt.
    }
peers-done-dropped =
    { $count ->
        [one] { $count } Objekt ist gelöscht.
       *[other] { $count } Objekte sind gelöscht.
    }

## Log and alerts
peers-log = Protokoll und Alarme
peers-log-what = Gezeigt werden die Alarme des letzten Tages; alle stehen im Ledger. Die Protokollzeilen sind die letzten Warnungen und Fehler seit dem Start; das ganze Protokoll steht auf der Standardfehlerausgabe.
peers-alert-code = Alarm
peers-log-level = Stufe
peers-log-room = Programmteil
peers-log-show = Anzeigen
peers-alerts = Alarme
peers-no-alerts = Kein solcher Alarm im letzten Tag.
peers-log-lines = Warnungen und Fehler
peers-no-lines = Keine solche Zeile seit dem Start.
peers-head-entry = Eintrag
