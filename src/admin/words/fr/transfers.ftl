## Transfers
transfers = Transferts
transfers-now = En cours
transfers-none-now = Rien ne circule pour le moment. Un transfert apparaît ici de lui-même dès qu’il commence.
transfers-of-late = Terminés récemment
transfers-none-of-late = Rien ne s’est terminé le dernier jour. La recherche trouve les transferts plus anciens.
transfers-ended = Transferts terminés, les derniers commencés d’abord
transfers-none = Aucun transfert ne correspond. Retirez un critère.
transfers-all = Tous les transferts
transfer-title = Transfert { $entry }
transfer-moving = en cours
transfer-of = { $here } sur { $all }
transfer-decision = La décision expliquée
transfer-classes = Ce qui est arrivé
transfer-parts = Déroulement, seconde par seconde
transfer-receipts = Reçus entre les passerelles
transfer-receipt-due = attendu
transfer-receipt-drafted = signé par nous
transfer-receipt-agreed = signé par les deux
transfer-receipt-disputed = contesté
transfer-receipt-missing = manquant
transfer-deliveries = Distribués depuis la file sous
transfer-dead = Non distribuables dans la file { $queue } : { $count }
transfer-quarantined = En quarantaine dans la file { $queue } : { $count }
transfer-retry = Réessayer cet examen
transfer-release = Soumettre à nouveau au contrat
transfer-release-reason = Pourquoi maintenant
transfer-tried =
    { $count ->
        [one] { $count } image est réessayée.
       *[other] { $count } images sont réessayées.
    }
transfer-parts-hidden =
    { $count ->
        [one] { $count } partie antérieure n’est pas affichée.
       *[other] { $count } parties antérieures ne sont pas affichées.
    }
transfer-failed-hint = Le registre indique combien d’images ont échoué, avec quel statut le destinataire les a refusées et, lorsque c’est certain, de quel côté. Ce qui n’a pas de statut s’est perdu avec son association ou n’a pas été laissé partir.

## Statuses of a C-STORE response
transfer-statuses = Refusé avec
status-out-of-resources = ressources épuisées
status-not-of-the-class = le jeu de données n’est pas de sa classe SOP
status-not-understood = le destinataire ne le comprend pas
status-processing-failure = échec du traitement
status-class-not-supported = classe SOP non prise en charge
status-not-authorised = non autorisé
status-wrong-instance = instance non valide
status-other = autre statut
