## Policy
policy = Règles
policy-in-force = En vigueur
policy-none = Aucune règle n’est en vigueur : tout est refusé. Proposez des règles.
policy-digest = Empreinte
policy-rules = Règles
policy-proposed-by = Proposées par
policy-approved-by = Approuvées par
policy-activated-by = Mises en vigueur par
policy-founding = personne : le registre a commencé avec elles
policy-entry = écriture { $entry }
policy-proposals = Propositions
policy-no-proposals = Rien n’est proposé. Les règles changent à deux : l’un propose, un autre approuve.
policy-propose-others = Proposer d’autres règles
policy-nobody-yet = personne encore
policy-numbers = Nombres du contrat
policy-key = Clé
policy-value = Valeur

## Rules
policy-rule-by-rule = Règle par règle
policy-permits = permet
policy-forbids = interdit
policy-reason = Motif communiqué au demandeur
policy-obligations = Obligations
policy-files = Fichiers
policy-differences = Différences avec les règles en vigueur
policy-no-differences = Il n’y en a pas.
policy-new-file = nouveau
policy-gone-file = supprimé
policy-line = À partir de la ligne { $line }

## A proposal
policy-proposal = Proposition { $digest }
policy-approve-what = Une seconde personne l’approuve : pas celle qui l’a proposée. Lisez ce qu’elle change et essayez-la sur les demandes passées.
policy-activate-what = Elle est approuvée. Une fois en vigueur, elle décide dès la demande suivante ; les transferts en cours sont réexaminés.
policy-approve = Approuver
policy-activate = Mettre en vigueur
policy-withdraw = Retirer
policy-back = Retour aux règles en vigueur

## Proposing and trying
policy-propose-what = Le texte entier des règles. Rien n’est décidé par lui tant qu’une autre personne ne l’a pas approuvé et que quelqu’un ne l’a pas mis en vigueur. Un fichier sans texte est omis.
policy-another-file = Un autre fichier
policy-file-name = Fichier { $name }
policy-file = Fichier
policy-text = Texte
policy-check = Vérifier
policy-try = Essayer sur les demandes passées
policy-propose = Proposer
policy-try-what = L’essayer
policy-last = Sur ce nombre de dernières décisions
policy-check-result = Résultat de la vérification
policy-faults =
    { $count ->
        [one] Une faute : impossible de le proposer ainsi.
       *[other] { $count } fautes : impossible de le proposer ainsi.
    }
policy-warnings =
    { $count ->
        [one] Aucune faute, un avertissement.
       *[other] Aucune faute, { $count } avertissements.
    }
policy-sound =
    { $rules ->
        [one] Une règle, rien à signaler.
       *[other] { $rules } règles, rien à signaler.
    }
policy-findings = Constats
policy-kind = Genre
policy-fault = faute
policy-warning = avertissement
policy-line-number = Ligne
policy-rule = Règle
policy-backtest-result = Ce qui aurait été répondu
policy-asked-again = Décisions reposées
policy-now-refused = Refusées au lieu de permises
policy-now-permitted = Permises au lieu de refusées
policy-now-otherwise = Autre motif ou autres obligations
policy-cut = Le temps a manqué : toutes ces décisions n’ont pas été reposées. credence policy backtest prend le temps qu’il faut.
policy-same-answers = Toutes auraient reçu la réponse qu’elles ont reçue.
policy-answers-differ = Réponses qui seraient autres
policy-more-differences =
    { $count ->
        [one] Une autre n’est pas affichée.
       *[other] { $count } autres ne sont pas affichées.
    }
policy-backtest-hint = Avec les consentements et les scores d’alors. Les conséquences ultérieures ne sont pas rejouées.
policy-recipient = Destinataire
policy-change = Changement
policy-was = Était
policy-would-be = Serait
policy-change-refused = désormais refusée
policy-change-permitted = désormais permise
policy-change-otherwise = autrement
policy-rules-decided = règles
policy-errors = erreurs
