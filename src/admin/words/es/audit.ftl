## Audit
audit = Audit
