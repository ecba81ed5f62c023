## Peers
peers = Pairs et files d’attente
peers-back = Pairs et files d’attente
peers-all = tous

## Associations
peers-associations =
    { $count ->
        [one] { $count } association en cours
       *[other] { $count } associations en cours
    }
peers-no-associations = Aucun pair n’a d’association avec la passerelle en ce moment.
peers-not-accepted = pas encore acceptée
peers-head-peer = Pair
peers-head-calling = AE title appelant
peers-head-called = AE title appelé
peers-head-from = Depuis
peers-head-since = Depuis le
peers-head-operation = En cours
peers-head-requests = Requêtes

## The configuration
peers-configured = Pairs
peers-none = Aucun pair n’est configuré : ajoutez au fichier de configuration une entrée [[peer]] pour chaque système qui peut appeler la passerelle.
peers-head-ae-title = AE title
peers-head-connect = La passerelle se connecte à
peers-head-comes-from = Il appelle depuis
peers-head-may = Il peut demander
peers-head-held = Associations
peers-plain = en clair
peers-any-address = toute adresse
peers-routes = Routes
peers-no-routes = Aucune route n’est configurée : rien de ce qui est envoyé à la passerelle ne va nulle part. Ajoutez des entrées [[route]] au fichier de configuration.
peers-head-callers = Pour
peers-head-sop-classes = Classes SOP
peers-head-only = Seulement
peers-head-to = Vers
peers-copies = copies :
peers-head-delivery = Livraison
peers-head-mode = Mode
peers-titles = AE titles de la passerelle
peers-head-purpose = Finalité
peers-purpose-of-caller = celle de l’appelant
peers-listeners = Points d’écoute
peers-head-address = Adresse
peers-head-encryption = Chiffrement
peers-certificate-required = certificat exigé
peers-certificate-optional = certificat s’il y en a un
peers-head-at-most = Associations au plus
peers-certificates = Certificats
peers-no-certificates = Aucun certificat TLS n’est configuré : DICOM et la console passent en clair.
peers-head-certificate = Quoi
peers-head-ends = Expire
peers-head-left = Reste
peers-ended = expiré
peers-days-left =
    { $days ->
        [one] { $days } jour
       *[other] { $days } jours
    }

## Queues
peers-queue = File d’attente { $queue }
peers-head-bytes = Octets
peers-head-on-their-way = En chemin
peers-head-delivered = Livrés
peers-head-uncommitted = Pas encore confirmés
peers-head-oldest = Le plus ancien
peers-head-rate = Débit
peers-head-next-try = Prochaine tentative
peers-head-expected-end = Fin prévue
peers-head-number = Numéro
peers-head-place = Emplacement
peers-head-study = Étude
peers-head-patient = Patient
peers-head-objects = Objets
peers-head-received = Reçu
peers-head-reason = Motif
peers-head-change = Modifier
place-waiting = en attente
place-dead = lettre morte
place-quarantined = en quarantaine
place-delivered = livré
peers-lies-there = Contenu
peers-nothing-there = Rien n’attend, et rien n’a été mis de côté.
peers-more =
    { $count ->
        [one] et { $count } ligne de plus
       *[other] et { $count } lignes de plus
    }
peers-by-object = Lister les objets un par un
peers-by-study = Lister par étude

## What is done to a queue
peers-pause = Suspendre
peers-resume = Reprendre
peers-retry = Réessayer maintenant
peers-retry-these = Réessayer
peers-release = Sortir de quarantaine …
peers-release-these = Libérer …
peers-drop = Supprimer …
peers-drop-these = Supprimer …
peers-actions-what = Une file suspendue ne livre rien ; ce qui est en chemin arrive. Réessayer reprend les lettres mortes, et tout de suite ce qui attend. Chaque acte est inscrit au registre avant d’être exécuté.
peers-drop-title = Supprimer de la file { $queue }
peers-drop-what = Ce qui est supprimé l’est sans avoir été livré. Si l’expéditeur l’a lui aussi effacé, les images sont perdues pour de bon.
peers-drop-which = Quoi
peers-drop-aside = lettres mortes et ce qui est en quarantaine
peers-drop-dead = seulement les lettres mortes
peers-drop-quarantined = seulement ce qui est en quarantaine
peers-drop-waiting = ce qui attend encore d’être livré
peers-drop-now = Supprimer définitivement
peers-release-title = Sortir de la quarantaine de { $queue }
peers-release-what = Ce qui est libéré est de nouveau soumis au contrat, et livré s’il le permet maintenant. Ce qui reste refusé retourne en quarantaine.
peers-release-all = Tout ce qui s’y trouve en quarantaine.
peers-release-now = Libérer
peers-reason-hint = Conservé en clair dans le registre : pas de données de patients.
peers-not-now = Retour, sans le faire
peers-done-paused = La file d’attente est suspendue.
peers-done-resumed = La file d’attente reprend.
peers-done-retried =
    { $count ->
        [one] { $count } lettre morte est reprise, et ce qui attend est tenté maintenant.
       *[other] { $count } lettres mortes sont reprises, et ce qui attend est tenté maintenant.
    }
peers-done-released =
    { $count ->
        [one] { $count } objet est de nouveau soumis au contrat.
       *[other] { $count } objets sont de nouveau soumis au contrat.
    }
peers-done-dropped =
    { $count ->
        [one] { $count } objet est effacé.
       *[other] { $count } objets sont effacés.
    }

## Log and alerts
peers-log = Journal et alertes
peers-log-what = Les alertes sont celles du dernier jour ; toutes sont dans le registre. Les lignes du journal sont les derniers avertissements et erreurs depuis le démarrage ; tout le journal est sur la sortie d’erreur.
peers-alert-code = Alerte
peers-log-level = Niveau
peers-log-room = Partie du programme
peers-log-show = Afficher
peers-alerts = Alertes
peers-no-alerts = Aucune alerte de ce type dans le dernier jour.
peers-log-lines = Avertissements et erreurs
peers-no-lines = Aucune ligne de ce type depuis le démarrage.
peers-head-entry = Entrée
