## Consents
consents = Consents
