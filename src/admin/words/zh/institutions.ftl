## Institutions
institutions = Institutions
