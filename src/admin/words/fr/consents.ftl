## Consents
consents = Consentements
consents-find = Rechercher un patient
consents-find-hint = Votre consultation est enregistrée avec votre nom.
consents-find-do = Afficher ce patient
consents-lately = Enregistrés récemment
consents-none-lately = Aucun consentement n’est encore enregistré. L’accueil des patients les enregistre ici.
consents-stands = en vigueur
consents-ended = révoqué
consents-done = Terminer avec ce patient
consents-other-patient = Ce formulaire a été ouvert pour un autre patient que celui servi à présent : rien n’a été enregistré. Recherchez de nouveau le patient.
consents-unmet = La passerelle ne connaît pas encore ce patient. Vérifiez l’identifiant. Ce qui est enregistré ici vaudra dès que des images arriveront.
consents-ids = Identifiants
consents-ids-many =
    { $count ->
        [one] connu sous { $count } identifiant
       *[other] connu sous { $count } identifiants, fusionnés en une personne
    }
consents-table = Consentements et oppositions
consents-nothing = Rien n’est enregistré pour ce patient. Sans consentement, des images ne partent que si les règles le permettent. Enregistrez ci-dessous ce que dit le patient.
consents-number = N°
consents-granted = consenti
consents-denied = refusé
consents-to = À qui
consents-purposes = Pour quoi
consents-images = Quelles images
consents-valid = Validité
consents-giver = Déclaré par
consents-anyone = tout autre établissement
consents-every-purpose = toute finalité
consents-all-images = toutes les images
consents-one-study = un examen (empreinte { $digest })
consents-studies-from = examens à partir du { $from }
consents-studies-until = examens jusqu’au { $until }
consents-studies-between = examens du { $from } au { $until }
consents-from = à partir du { $from }, jusqu’à révocation
consents-from-until = du { $from } au { $until }
consents-until = jusqu’au { $until }
consents-by-patient = le patient
consents-by-guardian = un représentant
consents-over = expiré
consents-not-yet = pas encore

## What is done at the desk
consents-grant = Enregistrer un consentement
consents-grant-what = Le patient permet que des images soient transmises à d’autres. Ce qui n’est pas restreint ici ne l’est pas.
consents-grant-do = Enregistrer le consentement
consents-deny = Enregistrer une opposition
consents-deny-what = Le patient ne veut pas que des images soient transmises à d’autres. Une opposition l’emporte sur tout consentement et arrête ce qui est en cours.
consents-deny-do = Enregistrer l’opposition
consents-print = Imprimer pour le patient
consents-report = Ce qui a été transmis sur ce patient
consents-person = La personne
consents-back = Retour au patient
consents-images-hint = Rien de coché ni de rempli : toutes les images.
consents-other-modalities = Autres modalités
consents-other-modalities-hint = Codes DICOM séparés par des espaces, par exemple OPT ECG.
consents-study = Un examen (Study Instance UID)
consents-study-hint = Seulement si le patient en vise exactement un.
consents-study-from = Examens à partir de ce jour
consents-study-until = Examens jusqu’à ce jour
consents-first-day = Premier jour
consents-first-day-hint = Vide : dès maintenant.
consents-last-day = Dernier jour
consents-last-day-hint = Vide : jusqu’à révocation.
consents-wrong-to = Choisissez de qui il s’agit : un établissement, ou tout autre.
consents-wrong-purposes = Choisissez au moins une finalité.
consents-wrong-modality = Une modalité est un code d’au plus 16 majuscules, chiffres et tirets bas, comme CT.
consents-wrong-study = Ce n’est pas un Study Instance UID : il ne contient que des chiffres et des points.
consents-revoke = Révoquer
consents-revoke-this = Révoquer le n° { $number }
consents-revoke-grant = Ce consentement ne vaut plus dès maintenant, et ce qui est en cours de ce fait est arrêté. Les établissements nommés doivent effacer ce qu’ils ont reçu ou ne plus l’utiliser. Une révocation ne s’annule pas ; le patient peut consentir de nouveau.
consents-revoke-denial = Cette opposition ne vaut plus dès maintenant : ce que permettent les consentements et les règles peut de nouveau partir.
consents-revocation = Révocation
consents-waiting = Révocations en attente de réponse
consents-waiting-what = Quand un établissement vous fait savoir qu’il a effacé ce qu’il a reçu, ou ne l’utilise plus, notez-le ici. Dans les délais, cela compte en sa faveur.
consents-answered = A répondu

## Who speaks for a patient, and who they are
consents-guardian = Représentant légal
consents-guardian-none = personne : le patient parle pour lui-même
consents-guardian-sealed = désigné ; son nom n’est plus lisible
consents-guardian-now = Le représentant actuel
consents-guardian-name = Désigner un représentant
consents-guardian-change = Changer de représentant
consents-guardian-end = Le patient parle de nouveau pour lui-même
consents-guardian-what = Le représentant peut consentir et s’opposer à la place du patient, et remplace qui était désigné avant. Ce qu’il a déclaré vaut au-delà de son mandat, jusqu’à révocation.
consents-guardian-who = Qui, et à quel titre
consents-guardian-who-hint = Par exemple un nom et « ordonnance 12/2026 ». Conservé scellé sous la clé du patient.
consents-guardian-until-hint = Vide : jusqu’à ce qu’il y soit mis fin.
consents-merge = Autres identifiants
consents-merge-do = Cet identifiant désigne le même patient
consents-merge-what = Dès lors, les consentements et oppositions sous chaque identifiant valent pour les deux : un consentement sous l’un permet les images de l’autre, une opposition sous l’un arrête les images de l’autre. Consultez d’abord les deux. Le patient ci-dessus subsiste.
consents-unlink-do = Cet identifiant désigne un autre patient
consents-unlink-what = Annule une fusion. Chacun garde ce qui fut enregistré sous son propre identifiant, aussi dans l’intervalle : vérifiez sous lequel.
consents-standing = Réputation
consents-standing-now = Réputation aujourd’hui : { $standing } sur 1000.
consents-standing-note = Noter ce qui la soutient ou l’affaiblit
consents-standing-what = Les règles peuvent en tenir compte pour la recherche et pour ce que les patients demandent eux-mêmes. Dans les soins, elle n’existe pas. S’opposer, révoquer ou se plaindre ne l’abaisse jamais.
consents-standing-proven = le patient a prouvé son identité
consents-standing-kept = un consentement fut maintenu jusqu’au terme convenu
consents-standing-abused = un lien en libre-service fut détourné
consents-standing-do = Enregistrer

## What a patient takes home
consents-print-title = Ce que vous avez décidé pour vos images
consents-print-for = Pour le patient portant le numéro { $id }.
consents-print-for-issued = Pour le patient portant le numéro { $id } (attribué par { $issuer }).
consents-print-as-of = État au { $date }.
consents-print-none = Vous n’avez ni consenti ni fait opposition.
consents-print-granted = Vous avez consenti
consents-print-denied = Vous avez fait opposition
consents-print-grant = Numéro { $number }. Peut recevoir des images de vous : { $to }. Quelles images : { $images }. Pour quoi : { $purposes }. Valable { $valid }.
consents-print-deny = Numéro { $number }. Ne peut pas recevoir d’images de vous : { $to }. Quelles images : { $images }. Pour quoi : { $purposes }. Valable { $valid }.
consents-print-guardian = Cela fut déclaré pour vous par qui peut consentir à votre place.
consents-print-rights = Vous pouvez modifier ou révoquer ceci à tout moment, sans donner de raison. Indiquez-nous le numéro. Une opposition l’emporte sur un consentement.
consents-print-rules = Ce qui peut être envoyé sans votre consentement, par exemple en urgence, figure dans nos règles ; demandez-les-nous. Vous avez le droit de savoir ce qui a été envoyé à votre sujet, et à qui : demandez-nous le rapport.

## What left about a patient
consents-report-title = À qui vos images ont été envoyées
consents-report-what = Tout le registre est lu pour ce rapport ; cela prend du temps s’il est long. Son établissement est enregistré.
consents-report-since = Pour quelle période
consents-report-years =
    { $count ->
        [one] la dernière année
       *[other] les { $count } dernières années
    }
consents-report-suspended = Aussi ce que le patient n’apprend pas pour l’instant
consents-report-make = Établir le rapport
consents-report-csv = Télécharger en CSV
consents-report-html = Télécharger la page (en anglais)
consents-report-span = Du { $since } au { $until }. Les dates sont celles de { $zone }.
consents-report-not-for-patient = Pas pour le patient : une autorité a fait suspendre le droit d’en connaître une partie. Celle-ci est signalée.
consents-report-nothing = Durant cette période, rien n’a été envoyé à d’autres.
consents-report-more = Il y en eut encore { $count }, trop pour figurer ici.
consents-report-foot = Ceci est le relevé auquel vous avez droit (article 15 RGPD ; 45 CFR 164.528). Ce qui alla au même destinataire, à la même fin et au même titre n’est indiqué qu’une fois. Là où il est dit que vous aviez consenti, une personne pouvant consentir à votre place l’a peut-être fait. Les numéros sont ceux des inscriptions de notre registre ; ils nous permettent de les retrouver. Ce qu’un destinataire fit ensuite de vos images, lui seul le sait.
consents-report-on = Le { $first }
consents-report-often = Le { $first }, { $times } fois
consents-report-between = Entre le { $first } et le { $last }, { $times } fois
consents-report-images = { $when } : des images de vous ont été envoyées à { $to }. Examens : { $examinations }. Nombre d’images : { $images }. Pour quoi : { $purpose }. Pourquoi c’était permis : { $because }.
consents-report-told = { $when } : { $to } a appris qu’il existe des examens de vous (combien : { $studies }). Aucune image n’a été envoyée. Pour quoi : { $purpose }. Pourquoi c’était permis : { $because }.
consents-report-uncertain = L’envoi s’est interrompu ou n’est pas terminé : tout n’est peut-être pas arrivé.
consents-report-entry = Inscription { $entry }.
consents-report-entries = Première inscription { $first }, dernière { $last }.
consents-report-marked = [À ne pas communiquer au patient pour l’instant]
consents-report-no-address = adresse inconnue
consents-report-observed = nos règles s’y opposaient, mais elles n’étaient alors qu’à l’essai et rien n’était encore retenu
consents-report-emergency = c’était une urgence, où des images peuvent être envoyées sans consentement
consents-report-consented = vous aviez consenti (n° { $numbers })
consents-report-rules = nos règles le permettent
consents-report-rules-named = nos règles le permettent ({ $rules } ; demandez-nous le texte)
consents-report-unknown-study = un examen
consents-report-studies = { $count } examens
consents-report-study = { $kind }, { $date }

## In plain words
date-in-words =
    { $day ->
        [1] 1er
       *[other] { $day }
    } { $month ->
        [1] janvier
        [2] février
        [3] mars
        [4] avril
        [5] mai
        [6] juin
        [7] juillet
        [8] août
        [9] septembre
        [10] octobre
        [11] novembre
       *[12] décembre
    } { $year }
list-and = { $first } et { $last }
list-comma = { ", " }
purpose-plain-TREATMENT = soins
purpose-plain-EMERGENCY = soins qui ne peuvent attendre (urgence)
purpose-plain-PATIENT_REQUEST = à la demande du patient
purpose-plain-RESEARCH = recherche
purpose-plain-OPERATIONS = fonctionnement de l’hôpital, comme la qualité et l’enseignement
purpose-plain-PAYMENT = facturation
modality-ct = tomodensitométrie (scanner)
modality-mr = résonance magnétique
modality-us = échographie
modality-x-ray = radiographie
modality-mg = mammographie
modality-xa = angiographie
modality-rf = radioscopie
modality-nm = médecine nucléaire
modality-pt = tomographie par émission de positons
modality-es = endoscopie
modality-sm = microscopie
modality-eye = œil
modality-heart = cœur
modality-bmd = densitométrie osseuse
modality-rt = radiothérapie
modality-report = compte rendu
modality-other = photographie ou autre

## Forms
patient-issuer-hint = Vide si les identifiants n’en ont pas.
patient-id-wrong = Un identifiant a de 1 à 64 caractères, sans barre oblique inverse ni caractère de contrôle.
wrong-day = Un jour s’écrit 2026-01-31.
wrong-order = Le dernier jour précède le premier.
question-no = Non, revenir
recorded-as = Enregistré : inscription { $entry }.
head-do = Action
print = Imprimer
proof-entries = Inscriptions qui le prouvent
proof-entries-hint = Numéros du registre, de 1 à 32, séparés par des espaces.

## Why something was not done
refusal-no-consent = Ce consentement n’existe pas : il a peut-être déjà été révoqué.
refusal-no-patient-id = Un identifiant de patient est nécessaire.
refusal-unmet = La passerelle ne connaît pas ce patient.
refusal-over = Ce n’est plus en attente : quelqu’un l’a peut-être déjà fait. Rechargez la page.
refusal-text = Un texte de 1 à 2000 caractères est nécessaire.
refusal-no-room = Le disque est plein : rien ne peut être enregistré pour l’instant. Prévenez l’administrateur.
refusal-no-guardian = Aucun représentant n’est désigné pour ce patient : désignez-en un d’abord.
refusal-merged = C’est déjà un seul patient.
refusal-not-merged = Cet identifiant n’a pas été fusionné avec le patient ci-dessus.
refusal-many-ids = Ce patient a le maximum d’identifiants : 32.
refusal-many-consents = Ce patient a le maximum de consentements : révoquez ceux qui sont expirés.
refusal-time = Un consentement commence et finit avant l’an 2255.
refusal-proof = Indiquez de 1 à 32 inscriptions du registre qui le prouvent, par leurs numéros.
refusal-reference = Une référence a au plus 64 caractères : lettres sans accents, chiffres et signes.
refusal-second-person = Il faut une seconde personne : qui a fait la première étape ne peut faire celle-ci. Demandez à un collègue de se connecter.
refusal-no-reason = Indiquez d’abord un motif.
refusal-own-score = Notre établissement ne tient pas de score de lui-même.
refusal-lapsed = Ce signalement est caduc : personne n’a statué à temps.
refusal-held = Le blocage { $hold } (référence { $reference }) s’y oppose. Levez-le d’abord.
refusal-holds-nothing = Un blocage vise une personne ou tout le monde, et sa première année ne suit pas la dernière.
refusal-oral = Une déclaration orale vaut 30 jours au plus, et une fois : au-delà, il la faut par écrit.
refusal-suspension-over = Une suspension finit plus tard que maintenant.
refusal-own-disclosure = Les communications vont à d’autres établissements que le nôtre.
refusal-epoch = L’année de cette époque n’est pas terminée, ou ses détails ont déjà été supprimés.
