## Policy
policy = Policy
policy-in-force = In force
policy-none = No rules are in force: everything is refused. Propose rules.
policy-digest = Digest
policy-rules = Rules
policy-proposed-by = Proposed by
policy-approved-by = Approved by
policy-activated-by = Put in force by
policy-founding = nobody: the ledger began with them
policy-entry = entry { $entry }
policy-proposals = Proposals
policy-no-proposals = Nothing is proposed. Rules change by two persons: one proposes, another approves.
policy-propose-others = Propose other rules
policy-nobody-yet = nobody yet
policy-numbers = Numbers of the contract
policy-key = Key
policy-value = Value

## Rules
policy-rule-by-rule = Rule by rule
policy-permits = permits
policy-forbids = forbids
policy-reason = Reason that the asker is told
policy-obligations = Obligations
policy-files = Files
policy-differences = Differences to what is in force
policy-no-differences = There are none.
policy-new-file = new
policy-gone-file = taken out
policy-line = From line { $line }

## A proposal
policy-proposal = Proposal { $digest }
policy-approve-what = A second person approves it: not who proposed it. Read what it changes, and try it on what was asked before.
policy-activate-what = It is approved. Once it is in force it decides from the next request on; transfers under way are asked about again.
policy-approve = Approve
policy-activate = Put in force
policy-withdraw = Withdraw
policy-back = Back to the rules in force

## Proposing and trying
policy-propose-what = The whole text of the rules. Nothing is decided by it until another person approves it and somebody puts it in force. A file whose text is empty is left out.
policy-another-file = Another file
policy-file-name = File { $name }
policy-file = File
policy-text = Text
policy-check = Check
policy-try = Try on past requests
policy-propose = Propose
policy-try-what = Try it
policy-last = Of the last so many decisions
policy-check-result = What the check found
policy-faults =
    { $count ->
        [one] One fault: it cannot be proposed so.
       *[other] { $count } faults: it cannot be proposed so.
    }
policy-warnings =
    { $count ->
        [one] No fault, one warning.
       *[other] No fault, { $count } warnings.
    }
policy-sound =
    { $rules ->
        [one] One rule, nothing found.
       *[other] { $rules } rules, nothing found.
    }
policy-findings = Findings
policy-kind = Kind
policy-fault = fault
policy-warning = warning
policy-line-number = Line
policy-rule = Rule
policy-backtest-result = What it would have answered
policy-asked-again = Decisions asked again
policy-now-refused = Refused instead of permitted
policy-now-permitted = Permitted instead of refused
policy-now-otherwise = Other reason or obligations
policy-cut = Time ran out: not all of these decisions were asked again. credence policy backtest takes the time that it needs.
policy-same-answers = It would have answered all of them as they were answered.
policy-answers-differ = Answers that would be others
policy-more-differences =
    { $count ->
        [one] One more is not listed.
       *[other] { $count } more are not listed.
    }
policy-backtest-hint = With consents and scores as they were then. Later consequences are not played through.
policy-recipient = Recipient
policy-change = Change
policy-was = Was
policy-would-be = Would be
policy-change-refused = now refused
policy-change-permitted = now permitted
policy-change-otherwise = otherwise
policy-rules-decided = rules
policy-errors = errors
