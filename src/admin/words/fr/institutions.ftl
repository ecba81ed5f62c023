## Institutions
institutions = Établissements
institutions-what = Avec quelle fiabilité les autres échangent des images avec nous, selon ce que notre propre passerelle a vu. Ce qu’un score permet est dit par les règles en vigueur.
institutions-all = Établissements et leur score du jour
institutions-ceiling = Plafond
institutions-good = Bon
institutions-bad = Mauvais
institutions-ae-titles = Titres AE
institutions-peers = Pairs
institutions-gateway = Passerelle
institutions-yes = oui
institutions-own = le nôtre
institutions-no-evidence = aucun élément encore
institutions-own-what = C’est notre propre établissement. Il n’a pas de score ici.
institutions-score-today = Score du jour
institutions-consents = Consentements qui le nomment
institutions-objections =
    { $count ->
        [one] et { $count } opposition
       *[other] et { $count } oppositions
    }
institutions-until-lifted = jusqu’à sa levée
institutions-until = jusqu’au { $day } inclus
institutions-formula = 1000 × (bon { $good } + { $base-good }) / (bon { $good } + mauvais { $bad } + { $base }), arrondi vers le bas : { $score }. Une unité est un jour d’échange sans faute avec une contrepartie ; la moitié du bon s’oublie plus tôt que la moitié du mauvais.

## Score over time
institutions-over-time = Score au fil du temps
institutions-nothing-yet = Il n’y a encore aucun élément sur cet établissement. Son score évolue dès le premier transfert terminé.
institutions-unreadable = Le registre est illisible. L’exploitant de la passerelle doit consulter son journal.
institutions-reading = Lecture du registre : { $done } écritures sur { $of }. Rechargez la page dans un instant.
institutions-chart = Score de { $name } au fil du temps
institutions-axis-day = jour
institutions-axis-score = score
institutions-span-quarter = Un trimestre
institutions-span-year = Un an
institutions-span-all = Tout
institutions-key-score = Score à la fin de chaque jour
institutions-key-event = Pénalité
institutions-key-marks = En pointillé : scores à partir desquels les règles livrées permettent davantage

## What moved it
institutions-events = D’où vient le score
institutions-head-day = Jour
institutions-head-entries = Écritures
institutions-left = restant
institutions-more =
    { $count ->
        [one] { $count } ligne plus ancienne n’est pas affichée : credence score explain { $slug } --all la donne.
       *[other] { $count } lignes plus anciennes ne sont pas affichées : credence score explain { $slug } --all les donne.
    }
institutions-routine = { $good } transferts sur { $due } en ordre
institutions-revocations-answered =
    { $count ->
        [one] { $count } révocation traitée à temps
       *[other] { $count } révocations traitées à temps
    }
institutions-review-overdue = Accès d’urgence non examiné à temps : décision { $decision }
institutions-review-unjustified = Accès d’urgence jugé injustifié : décision { $decision }
institutions-equivocated = Deux de ses déclarations signées se contredisent
institutions-receipt-disputed = Un accusé portant sur d’autres octets que ceux vus par notre passerelle : décision { $decision }
institutions-misstated = Il a parlé au nom d’un autre établissement
institutions-incident-upheld = Incident confirmé : { $incident } ; signalement { $report }
institutions-reversed = annulée par l’écriture { $entry }
institutions-set-ceiling = plafond { $score } jusqu’au { $day } inclus
institutions-set-ceiling-lifted = plafond { $score } jusqu’à sa levée
institutions-lifted = levé par l’écriture { $entry }
institutions-waiting = Ne compte pas encore : { $incident } (signalement { $report }) attend un arbitre et devient caduc le

## Transfers of late
institutions-transfers = Derniers transferts
institutions-no-transfers = Rien n’a été transféré entre lui et nous depuis un jour.
institutions-recipient = Destinataire
institutions-images = Images
institutions-failed = Échecs
institutions-under-way = en cours

## Address book
institutions-address-book = Carnet d’adresses
institutions-slug = Nom court
institutions-address = Adresse
institutions-no-address = absente de la configuration
institutions-certificates = Certificats
institutions-fhir = Dans FHIR
institutions-no-peers = Aucun de ses pairs ne figure dans la configuration : ajoutez-en un comme [[peer]] pour qu’il puisse demander et être interrogé.
institutions-peer = Pair
institutions-ae-title = Titre AE
institutions-calls-from = Appelle depuis
institutions-any-address = toute adresse
institutions-connect = Nous appelons
institutions-never-connected = jamais
institutions-may = Peut
institutions-echo-head = Répond
institutions-echo = Écho
institutions-echo-peer = Envoyer un C-ECHO à { $peer }
institutions-echo-answers = répond
institutions-echo-took = { $ms } ms
institutions-echo-tls = nos certificats sont inutilisables
institutions-echo-unreachable = injoignable
institutions-echo-not-accepted = n’accepte pas C-ECHO
institutions-echo-ended = a interrompu
institutions-echo-status = répond par une erreur
institutions-echo-late = pas de réponse à temps
institutions-gateway-of = Passerelle { $peer }
institutions-gateway-ae = Notre titre AE pour elle
institutions-gateway-emergency-ae = Le même pour les urgences
institutions-exchange = Échange
institutions-log-key = Clé de son registre
institutions-statement-key = Clé de ses déclarations
institutions-witness-key = Clé de son témoin
institutions-parcel-key = Clé pour les colis
