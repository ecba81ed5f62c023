## Policy
policy = Regeln
policy-in-force = In Kraft
policy-none = Es gelten keine Regeln: alles wird abgelehnt. Schlagen Sie Regeln vor.
policy-digest = Hashwert
policy-rules = Regeln
policy-proposed-by = Vorgeschlagen von
policy-approved-by = Genehmigt von
policy-activated-by = In Kraft gesetzt von
policy-founding = niemandem: mit ihnen begann das Ledger
policy-entry = Eintrag { $entry }
policy-proposals = Vorschläge
policy-no-proposals = Nichts ist vorgeschlagen. Regeln ändern zwei Personen: eine schlägt vor, eine andere genehmigt.
policy-propose-others = Andere Regeln vorschlagen
policy-nobody-yet = noch niemandem
policy-numbers = Zahlen des Vertrags
policy-key = Schlüssel
policy-value = Wert

## Rules
policy-rule-by-rule = Regel für Regel
policy-permits = erlaubt
policy-forbids = verbietet
policy-reason = Grund, der dem Anfragenden genannt wird
policy-obligations = Auflagen
policy-files = Dateien
policy-differences = Unterschiede zu den geltenden Regeln
policy-no-differences = Es gibt keine.
policy-new-file = neu
policy-gone-file = entfernt
policy-line = Ab Zeile { $line }

## A proposal
policy-proposal = Vorschlag { $digest }
policy-approve-what = Eine zweite Person genehmigt ihn: nicht die, die ihn vorgeschlagen hat. Lesen Sie, was er ändert, und erproben Sie ihn an früheren Anfragen.
policy-activate-what = Er ist genehmigt. Sobald er in Kraft ist, entscheidet er ab der nächsten Anfrage; über laufende Übertragungen wird neu entschieden.
policy-approve = Genehmigen
policy-activate = In Kraft setzen
policy-withdraw = Zurückziehen
policy-back = Zurück zu den geltenden Regeln

## Proposing and trying
policy-propose-what = Der ganze Text der Regeln. Nichts wird danach entschieden, bis eine andere Person ihn genehmigt und jemand ihn in Kraft setzt. Eine Datei ohne Text entfällt.
policy-another-file = Eine weitere Datei
policy-file-name = Datei { $name }
policy-file = Datei
policy-text = Text
policy-check = Prüfen
policy-try = An früheren Anfragen erproben
policy-propose = Vorschlagen
policy-try-what = Erproben
policy-last = An so vielen der letzten Entscheidungen
policy-check-result = Ergebnis der Prüfung
policy-faults =
    { $count ->
        [one] Ein Fehler: so kann es nicht vorgeschlagen werden.
       *[other] { $count } Fehler: so kann es nicht vorgeschlagen werden.
    }
policy-warnings =
    { $count ->
        [one] Kein Fehler, eine Warnung.
       *[other] Kein Fehler, { $count } Warnungen.
    }
policy-sound =
    { $rules ->
        [one] Eine Regel, nichts zu beanstanden.
       *[other] { $rules } Regeln, nichts zu beanstanden.
    }
policy-findings = Befunde
policy-kind = Art
policy-fault = Fehler
policy-warning = Warnung
policy-line-number = Zeile
policy-rule = Regel
policy-backtest-result = Was die Antworten gewesen wären
policy-asked-again = Erneut gefragte Entscheidungen
policy-now-refused = Abgelehnt statt erlaubt
policy-now-permitted = Erlaubt statt abgelehnt
policy-now-otherwise = Anderer Grund oder andere Auflagen
policy-cut = Die Zeit reichte nicht: nicht alle diese Entscheidungen wurden erneut gefragt. credence policy backtest nimmt sich die Zeit, die es braucht.
policy-same-answers = Alle wären so beantwortet worden, wie sie beantwortet wurden.
policy-answers-differ = Antworten, die anders wären
policy-more-differences =
    { $count ->
        [one] Eine weitere ist nicht aufgeführt.
       *[other] { $count } weitere sind nicht aufgeführt.
    }
policy-backtest-hint = Mit den Einwilligungen und Punktzahlen von damals. Spätere Folgen sind nicht durchgespielt.
policy-recipient = Empfänger
policy-change = Änderung
policy-was = War
policy-would-be = Wäre
policy-change-refused = nun abgelehnt
policy-change-permitted = nun erlaubt
policy-change-otherwise = anders
policy-rules-decided = Regeln
policy-errors = Fehler
