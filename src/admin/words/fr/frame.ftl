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
