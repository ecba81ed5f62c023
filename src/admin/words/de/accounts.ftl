## Accounts
accounts = Benutzer und Einstellungen
accounts-all = Konten
accounts-nobody = Noch kann sich niemand anmelden. Legen Sie ein Konto an, oder starten Sie das Gateway neu und folgen Sie dem Einrichtungslink, den es ausgibt.
accounts-add = Konto anlegen
accounts-me = Mein Konto
accounts-back = Alle Konten

## What an account is
accounts-head-account = Konto
accounts-head-roles = Rollen
accounts-head-proof = Anmeldung durch
accounts-head-tokens = Tokens
accounts-enabled = aktiv
accounts-disabled = gesperrt
accounts-by-passcode = Passwort
accounts-by-provider = Identitätsanbieter

## What a role is for
role-pacs-admin = betreibt die Anlage: Gegenstellen, Warteschlangen, Protokoll und Konten
role-compliance = sucht, exportiert, gibt Patienten Auskunft, entscheidet über Vorfälle
role-auditor = liest und prüft, ändert nichts
role-patient-desk = erfasst Einwilligungen, druckt die Auskunft für einzelne Patienten
role-rule-approver = gibt Regeln frei, die jemand anderes vorgeschlagen hat

## What becomes of it
accounts-changes-end-sessions = Wer mit diesem Konto angemeldet ist, muss sich nach einer Änderung neu anmelden.
accounts-set-roles = Rollen setzen
accounts-set-passcode = Passwort setzen
accounts-new-passcode = Neues Passwort
accounts-passcode-again = Noch einmal dasselbe
accounts-passcodes-differ = Die beiden Passwörter stimmen nicht überein.
accounts-passcode-or-provider = Das Passwort bleibt leer, wenn sich die Person über einen Identitätsanbieter anmeldet.
accounts-fate = Sperren oder zulassen
accounts-disable = Sperren
accounts-disable-what = Niemand kommt mit diesem Konto oder einem seiner Tokens herein, bis es wieder freigegeben wird.
accounts-enable = Freigeben
accounts-enable-what = Das Konto gilt wieder, ebenso seine Tokens.
accounts-delete = Konto löschen
accounts-delete-what = Das Konto verschwindet mitsamt seinen Tokens. Was im Ledger steht, bleibt.
accounts-delete-sure = Ja, { $account } löschen
accounts-delete-unsure = Nichts wurde gelöscht: Bestätigen Sie mit dem Kästchen, dass Sie es so meinen.

## Tokens
accounts-no-tokens = Kein Programm nutzt die API im Namen dieses Kontos.
accounts-head-machine = Maschine
accounts-head-id = Kennung
accounts-head-made = Ausgestellt
accounts-head-until = Gültig bis
accounts-head-change = Ändern
accounts-until-revoked = bis zum Widerruf
accounts-token-days =
    { $days ->
        [one] einen Tag lang
       *[other] { $days } Tage lang
    }
accounts-token-make = Token ausstellen
accounts-token-revoke = Widerrufen
accounts-token-revoke-which = Token { $token } widerrufen
accounts-token-once = Das ist das Token. Es wird nur jetzt gezeigt: Kopieren Sie es dorthin, wo das Programm es liest.
accounts-token-how = Das Programm nennt es bei jeder Anfrage:

## What was done
accounts-done-added = Das Konto ist angelegt.
accounts-done-roles = Die Rollen sind gesetzt.
accounts-done-passcode = Das Passwort ist gesetzt.
accounts-done-disabled = Mit diesem Konto kommt niemand mehr herein.
accounts-done-enabled = Das Konto gilt wieder.
accounts-done-revoked = Das Token gilt nicht mehr.
accounts-done-removed = Das Konto ist gelöscht.
accounts-done-own-passcode = Ihr Passwort ist geändert. Alle Ihre anderen Sitzungen sind beendet.

## One's own account
accounts-no-session = Passwort und Sitzungen gibt es nur für Personen, die mit einem Browser angemeldet sind.
accounts-change-passcode = Mein Passwort ändern
accounts-present-passcode = Bisheriges Passwort
accounts-present-wrong = Das ist nicht Ihr Passwort.
accounts-own-by-provider = Sie melden sich über einen Identitätsanbieter an: Dort wird Ihr Passwort geändert.
accounts-language = Sprache der Seiten
accounts-sessions = Meine Sitzungen
accounts-head-begun = Begonnen
accounts-head-seen = Zuletzt benutzt
accounts-head-from = Von
accounts-head-which = Welche
accounts-this-session = diese
accounts-sign-out-everywhere = Überall abmelden

## Settings
accounts-settings = Einstellungen
accounts-version = Version
accounts-time-zone = Zeitzone der Seiten
accounts-api = Beschreibung der API (OpenAPI)
accounts-metrics = Kennzahlen (OpenMetrics)
accounts-configuration = Geltende Werte
accounts-head-key = Schlüssel der Datei
accounts-head-value = Wert
accounts-settings-where = Diese Werte werden in der Konfigurationsdatei geändert und gelten ab dem nächsten Start. docs/configuration.md beschreibt sie alle.
