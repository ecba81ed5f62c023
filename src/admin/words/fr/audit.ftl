## Audit
audit = Audit

## Searching
audit-from = Du
audit-to = Avant le
audit-ae = Titre AE
audit-user = Personne
audit-purpose = Finalité
audit-verdict = Décision
audit-kind = Type
audit-pseudonym = Pseudonyme
audit-any = tous
audit-search = Rechercher
audit-all = Toutes les écritures
audit-presets = Recherches fréquentes :
audit-preset-refused = demandes refusées
audit-preset-emergencies = urgences (bris de glace)
audit-preset-alerts = alertes
audit-preset-looks = qui a vu des données de patients
audit-fault = Cette partie de la recherche n’est pas comprise : { $field }
audit-nothing = Aucune écriture du registre ne correspond. Élargissez la période ou laissez un filtre vide.
audit-nothing-so-far = Aucune des écritures les plus récentes ne correspond. Consultez les plus anciennes ou indiquez une période.
audit-entries = Écritures, les plus récentes d’abord
audit-entry = Écriture
audit-parties = Établissements
audit-by = Par
audit-older = Écritures plus anciennes

## Patients
audit-patient = Trouver les écritures d’un patient
audit-patient-what = Votre recherche de ce patient est enregistrée. L’adresse de la page ne contient aucun nom, seulement des pseudonymes.
audit-patient-id = Identifiant du patient
audit-patient-issuer = Émetteur de l’identifiant
audit-patient-find = Trouver
audit-patient-unknown = La passerelle ne connaît pas ce patient, ou l’a oublié.
audit-study = Study Instance UID
audit-reason = Motif
audit-guardian = Représentant légal

## One entry
audit-entry-number = Écriture { $entry }
audit-back = Retour à la recherche
audit-entry-before = La précédente
audit-entry-after = La suivante
audit-follows = Découle de la décision
audit-about = À propos de l’écriture
audit-line = L’écriture telle qu’elle figure au registre
audit-line-what = Les patients sont des pseudonymes, les études des empreintes à clé.
audit-sealed = De qui il s’agit
audit-sealed-what = Les données du patient sont scellées à côté de cette écriture. Leur consultation est enregistrée dans le registre.
audit-sealed-show = Les afficher
audit-sealed-gone = Plus rien ne peut être ouvert : le patient a été oublié, ou les données ont été supprimées.
audit-sealed-recorded = Cette consultation est enregistrée.

## Exports
audit-export = Exportation
audit-export-what = Exporte ce que trouve la recherche ci-dessus, sur toute la période choisie, avec la preuve que rien n’a été omis, le tout signé par la passerelle. L’exportation est elle-même une écriture du registre.
audit-formats = Formats
audit-format = Format
audit-format-csv = CSV, pour un tableur
audit-format-html = HTML, à imprimer
audit-format-jsonl = JSON Lines, pour des programmes
audit-format-dicom = Messages d’audit DICOM (PS3.15)
audit-format-fhir = AuditEvents FHIR
audit-format-page = Page pour le patient
audit-identified = Indiquer les identifiants des patients, les Study Instance UID et les motifs
audit-zone = Fuseau des heures locales
audit-export-begin = Lancer l’exportation
audit-export-refused = Aucune exportation n’a commencé : { $why }
audit-exports = Mes exportations
audit-exports-none = Aucune exportation conservée. Lancez-en une sous une recherche.
audit-exports-what = Une exportation est conservée quatre heures, et pas au-delà d’un redémarrage de la passerelle. Quiconque possède le fichier peut le vérifier hors ligne :
audit-exports-verify = Comment vérifier une exportation
audit-patients = Patients
audit-clear = en clair
audit-pseudonymous = pseudonymes
audit-records = Enregistrements
audit-size = Taille
audit-actions = Actions
audit-progress = { $done } écritures sur { $of }
audit-stage-under-way = en cours
audit-stage-done = prête
audit-stage-failed = échouée
audit-stage-cancelled = annulée
audit-until = conservée jusqu’au
audit-cancel = Annuler
audit-remove = Supprimer
audit-download = Télécharger

## Disclosures
audit-disclosures = Relevé des divulgations
audit-disclosures-what = Ce qui a été transmis à d’autres établissements au sujet d’un patient. Votre demande est enregistrée.
audit-years = Années en arrière
