## Ledger
ledger = Ledger
ledger-signed-for = Signed for
ledger-bytes = Size of the journal
ledger-free = Free on its disk

## Verification
ledger-verification = Verification
ledger-verification-none = The ledger was not verified yet. The gateway does it by itself soon, or do it now.
ledger-verify-now = Verify now
ledger-under-way = Verification under way
ledger-progress = { $done } of { $of } entries verified; the gateway works on meanwhile
ledger-verified-last = Last verification
ledger-outcome = Result
ledger-outcome-whole = whole
ledger-outcome-damaged = not as it was written
ledger-outcome-undone = could not be done
ledger-first-damaged = First damaged entry
ledger-entries-verified = Entries verified
ledger-extent = Extent
ledger-extent-chain = Chain, tree and checkpoints
ledger-extent-state = Also every state of the contract
ledger-extent-replay = Also every signature and decision, anew
ledger-took = Took
ledger-seconds = { $seconds } s
ledger-asked-by = Asked for by
ledger-by-itself = the gateway itself
ledger-damaged = The ledger is not as it was written.
ledger-damaged-do = Leave the disk as it is, keep a copy of everything, and find out who had access. Restore from a backup only afterwards. This stays until as much was verified and found whole.

## Checkpoint
ledger-checkpoint = Newest checkpoint
ledger-checkpoint-what = A signed statement of how the ledger was. Kept elsewhere, it shows later whether entries were taken back or changed.
ledger-checkpoint-none = Nothing is signed for since the start. There is a checkpoint within a second.
ledger-checkpoint-download = Download the checkpoint

## Witnesses and receivers
ledger-witnesses = Witnesses
ledger-witnesses-none = Nobody cosigns this ledger’s checkpoints. Link another hospital’s gateway, or configure a witness: then nobody here can rewrite the ledger unseen.
ledger-witness = Witness
ledger-cosigned = Last cosignature
ledger-never = never
ledger-witnessed = Ledgers that we witness
ledger-origin = Ledger
ledger-unreadable = cannot be read
ledger-proofs =
    { $count ->
        [one] contradicted itself: one proof
       *[other] contradicted itself: { $count } proofs
    }
ledger-no-proofs = consistent
ledger-receivers = Receivers of audits
ledger-receivers-none = No receiver of audits is configured ([[audit_receiver]]): what happens is told nobody beside this console.
ledger-receiver = Receiver
ledger-behind = Entries behind

## Keys and backups
ledger-keys = Public keys
ledger-keys-what = Whoever is to verify something of this ledger needs its key, brought by a way that both trust. It is no secret.
ledger-key-log = Checkpoints
ledger-key-statement = Statements and events
ledger-key-witness = As a witness
ledger-key-download = Download the ledger’s key
ledger-backups = Backups
ledger-backups-what = A backup can be made while the gateway runs. Keep the keys folder elsewhere and by other means, and make a backup after each erasure. A checkpoint and the key that were kept elsewhere show that a backup is whole.
