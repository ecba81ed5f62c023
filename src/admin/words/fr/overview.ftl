## Overview
overview = Vue d’ensemble
tile-under-way = En cours
tile-arrived = Images, dernier jour
tile-permitted = Autorisées, dernier jour
tile-refused = Refusées, dernier jour
tile-waiting = En attente dans les files
tile-ledger = Écritures du registre
last-day = Le dernier jour
plot-day = Demandes du dernier jour par heure, autorisées et refusées
nothing-yet = Rien n’a encore été demandé. Dirigez une modalité ou une station vers le titre AE de la passerelle : cela apparaîtra ici.
refused-of-the-day = Refusées, dernier jour
nothing-refused = Rien n’a été refusé le dernier jour.
queues = Files d’attente
no-queues = Aucune route ne met en file : rien n’attend.
scores = Scores
no-scores = Aucun établissement n’a encore de score propre : chacun compte pour 500.

## States of queues
queue-state-idle = au repos
queue-state-working = en marche
queue-state-down = destination injoignable
queue-state-busy = destination saturée
queue-state-not-recorded = non enregistrable
queue-state-paused = en pause
queue-state-no-peer = aucun pair
queue-state-not-served = non servie

no-alerts = Rien ne demande votre attention.
alerts-standing = Demande votre attention
flowing-now = En cours
nothing-flows = Personne n’est connecté.
ending-soon = Expire bientôt
nothing-ends = Aucun certificat et aucune liste de révocation n’expire bientôt.
head-how-bad = Gravité
head-last = Dernière fois
head-times = Nombre
head-association = Association
head-operation = Opération
head-requests = Requêtes
head-since = Depuis
head-ends = Fin
severity-success = bonne nouvelle
severity-minor = mineur
severity-serious = sérieux
severity-major = grave
see-all = Tout voir
