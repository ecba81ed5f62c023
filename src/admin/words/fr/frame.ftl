## Around every page
skip = Aller au contenu
menu = Menu
language = Langue
choose = Choisir
times-in-zone = Heures : { $zone }
sign-out = Se déconnecter
back-to-overview = Retour à la vue d’ensemble
problem-forbidden = Impossible avec vos rôles
problem-not-found = Il n’y a rien ici
problem-refused = Non effectué
problem-unavailable = Impossible pour le moment
tamper-alarm = Le registre n’est pas tel qu’il a été écrit.
tamper-alarm-see = Voir ce qui a été trouvé

## Signing in
sign-in = Se connecter
account-name = Compte
account-name-wrong = Un nom de compte a de 1 à 64 lettres, chiffres, points, tirets et traits de soulignement.
passcode = Mot de passe
passcode-hint = Au moins { $characters } caractères.
sign-in-wrong = Ce compte et ce mot de passe ne correspondent pas.
sign-in-wait =
    { $seconds ->
        [one] Trop d’échecs : réessayez dans { $seconds } seconde.
       *[other] Trop d’échecs : réessayez dans { $seconds } secondes.
    }
sign-in-busy = Connexion impossible pour le moment. Réessayez.
sign-in-oidc = Se connecter par { $provider }
sign-in-done = Vous êtes connecté
sign-in-go-on = Continuer
sign-in-oidc-unavailable = Le fournisseur d’identité est injoignable ou ne répond pas comme il devrait. Réessayez, ou connectez-vous par mot de passe.
sign-in-oidc-refused = Le fournisseur d’identité ne vous a pas laissé entrer.
sign-in-oidc-stale = Cette connexion n’est plus valable : elle a duré trop longtemps, a déjà servi ou a commencé dans un autre navigateur. Recommencez.
sign-in-oidc-unproven = La réponse du fournisseur d’identité n’est pas crédible. Prévenez l’exploitant de la passerelle : son journal en donne la raison.
sign-in-oidc-no-account = Il n’y a pas ici de compte actif pour vous. Adressez-vous à qui gère les comptes.
set-up = Le premier compte
set-up-what = Ce compte gère les pairs, les files d’attente et les comptes. Il crée les comptes des autres.
set-up-make = Créer le compte

## Words of the contract
verdict-permit = autorisé
verdict-deny = refusé
verb-store = enregistrer
verb-query = interroger
verb-retrieve = récupérer
purpose-TREATMENT = soins
purpose-EMERGENCY = urgence (bris de glace)
purpose-PATIENT_REQUEST = à la demande du patient
purpose-RESEARCH = recherche
purpose-OPERATIONS = exploitation
purpose-PAYMENT = facturation
outcome-completed = terminé
outcome-failed = échoué
outcome-interrupted = interrompu
outcome-cancelled = annulé
outcome-stopped = arrêté

## Heads of tables
head-when = Quand
head-code = Code
head-what = Quoi
head-requester = Demandeur
head-verb = Demande
head-why = Pourquoi
head-queue = File d’attente
head-state = État
head-waiting = En attente
head-dead = Non distribuables
head-quarantined = En quarantaine
head-institution = Établissement
head-score = Score
head-of-1000 = Sur 1000
head-entry = Écriture
head-decision = Décision
head-recipient = Destinataire
head-patient = Patient
head-purpose = Finalité
head-answer = Réponse
head-outcome = Issue
head-detail = Détail
head-status = Statut
head-bytes = Volume
head-rate = Débit
head-instance = Instance
head-instances = Images
head-failed = Échouées
head-warned = Avec avertissement
head-spooled = Mises en file
head-ended = Fin
head-fault = Faute de
head-tries = Essais
head-consent = Consentement
head-speaks = Quant à cette demande

## Looking for something
search = Rechercher
search-clear = Effacer
any = tous
older = Plus anciens
none-so-far = Rien parmi les plus récents. Continuez avec les plus anciens.
there-is-more = Il y en a plus que ce qui est affiché ici.
ae-title = titre AE
field-ae = Titre AE
field-user = Utilisateur
field-from = Du
field-to = Au
field-other = Un champ
field-unreadable = { $field } : illisible.
field-patient-id = Identifiant du patient
field-patient-issuer = Émetteur de l’identifiant du patient
study-instance-uid = Study Instance UID
show-patient = Afficher l’identité
look-is-recorded = Cette consultation est inscrite au registre.

## Why something was refused
reason-no-consent = aucun consentement
reason-no-patient = aucun patient identifié
reason-no-rule = aucune règle ne l’autorise
reason-no-contract = aucun contrat en vigueur
reason-rule-error = erreur dans une règle
reason-plain = transport chiffré exigé
reason-denied = refusé par le patient
reason-emergency-limit = limite des accès d’urgence atteinte
