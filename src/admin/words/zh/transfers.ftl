## Transfers
transfers = Transfers
