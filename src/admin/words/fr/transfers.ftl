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
transfer-failed-hint = Le registre contient le nombre d’images échouées et, lorsque c’est certain, de quel côté.
