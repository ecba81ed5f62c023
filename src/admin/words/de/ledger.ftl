## Ledger
ledger = Ledger
