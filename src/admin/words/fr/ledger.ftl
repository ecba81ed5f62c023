## Ledger
ledger = Registre
ledger-signed-for = Signées
ledger-bytes = Taille du journal
ledger-free = Libre sur son disque

## Verification
ledger-verification = Vérification
ledger-verification-none = Le registre n’a pas encore été vérifié. La passerelle le fera bientôt d’elle-même ; ou vérifiez maintenant.
ledger-verify-now = Vérifier maintenant
ledger-under-way = Vérification en cours
ledger-progress = { $done } écritures vérifiées sur { $of } ; la passerelle continue de travailler
ledger-verified-last = Dernière vérification
ledger-outcome = Résultat
ledger-outcome-whole = intact
ledger-outcome-damaged = pas tel qu’écrit
ledger-outcome-undone = impossible
ledger-first-damaged = Première écriture endommagée
ledger-entries-verified = Écritures vérifiées
ledger-extent = Étendue
ledger-extent-chain = Chaîne, arbre et points de contrôle
ledger-extent-state = Aussi chaque état du contrat
ledger-extent-replay = Aussi chaque signature et décision, à nouveau
ledger-took = Durée
ledger-seconds = { $seconds } s
ledger-asked-by = Demandée par
ledger-by-itself = la passerelle elle-même
ledger-damaged = Le registre n’est pas tel qu’il a été écrit.
ledger-damaged-do = Laissez le disque en l’état, conservez une copie de tout et établissez qui y avait accès. Ne restaurez une sauvegarde qu’ensuite. Ceci reste affiché jusqu’à ce qu’une vérification aussi étendue le trouve intact.

## Checkpoint
ledger-checkpoint = Dernier point de contrôle
ledger-checkpoint-what = Une déclaration signée de l’état du registre. Conservée ailleurs, elle montrera plus tard si des écritures ont été retirées ou modifiées.
ledger-checkpoint-none = Rien n’est encore signé depuis le démarrage. Il y aura un point de contrôle dans une seconde.
ledger-checkpoint-download = Télécharger le point de contrôle

## Witnesses and receivers
ledger-witnesses = Témoins
ledger-witnesses-none = Personne ne cosigne les points de contrôle de ce registre. Reliez la passerelle d’un autre hôpital ou configurez un témoin : nul ici ne pourra alors réécrire le registre à l’insu de tous.
ledger-witness = Témoin
ledger-cosigned = Dernière cosignature
ledger-never = jamais
ledger-witnessed = Registres dont nous sommes témoins
ledger-origin = Registre
ledger-unreadable = illisible
ledger-proofs =
    { $count ->
        [one] s’est contredit : une preuve
       *[other] s’est contredit : { $count } preuves
    }
ledger-no-proofs = cohérent
ledger-receivers = Destinataires des audits
ledger-receivers-none = Aucun destinataire d’audits n’est configuré ([[audit_receiver]]) : seule cette console est informée.
ledger-receiver = Destinataire
ledger-behind = Écritures en retard

## Keys and backups
ledger-keys = Clés publiques
ledger-keys-what = Quiconque doit vérifier un élément de ce registre a besoin de sa clé, transmise par une voie en laquelle les deux ont confiance. Elle n’est pas secrète.
ledger-key-log = Points de contrôle
ledger-key-statement = Déclarations et événements
ledger-key-witness = En tant que témoin
ledger-key-download = Télécharger la clé du registre
ledger-backups = Sauvegardes
ledger-backups-what = Une sauvegarde peut être faite pendant que la passerelle fonctionne. Conservez le dossier des clés ailleurs et par d’autres moyens, et sauvegardez après chaque effacement. Un point de contrôle et la clé conservés ailleurs montrent qu’une sauvegarde est intacte.
