## Reviews
reviews = Examens et incidents
reviews-waiting = Accès à examiner
reviews-none = Aucun accès n’attend d’examen. Les accès d’urgence apparaissent ici.
reviews-due = Échéance
reviews-overdue = en retard
reviews-reason = Motif
reviews-reason-by = donné par { $by }
reviews-reason-missing = non donné
reviews-reason-none = Aucun motif n’a encore été donné. Qui a accédé, ou en répond, dit pourquoi ci-dessous.
reviews-reason-show = Afficher le motif
reviews-reason-show-what = Le texte est scellé et peut nommer le patient. Sa consultation est enregistrée.
reviews-reason-sealed = Le texte est scellé ; il est montré à qui peut voir l’identité des patients.
reviews-reason-gone = Le texte ne peut plus être ouvert : le patient a été oublié, ou le délai est écoulé.
reviews-one = Examen de la décision { $decision }
reviews-back = Retour aux examens et incidents
reviews-give = Donner un motif
reviews-give-why = Pourquoi l’accès a eu lieu
reviews-give-hint = Scellé sous la clé du patient. Un motif ultérieur ne remplace pas le précédent.
reviews-give-do = Enregistrer le motif
reviews-close = Statuer, et clore l’examen
reviews-close-what = Il faut d’abord un motif. Qui a donné le dernier motif ne peut juger l’accès justifié : il faut une seconde personne, de préférence étrangère à l’accès. Injustifié, il coûte du crédit à l’établissement demandeur.
reviews-justified = Justifié
reviews-unjustified = Injustifié
rows-more =
    { $count ->
        [one] { $count } de plus n’est pas affiché ici.
       *[other] { $count } de plus ne sont pas affichés ici.
    }

## Incidents
reviews-incidents = Incidents signalés
reviews-incidents-none = Aucun signalement n’attend d’arbitre.
reviews-report = Signaler un incident
reviews-report-what = Déclare qu’un établissement a mal agi. Rien n’est encore imputé : une autre personne arbitre et examine les inscriptions qui le prouvent.
reviews-report-do = Signaler
reviews-report-number = Signalement
reviews-reported-by = Signalé par
reviews-kind = Ce qu’il a fait
reviews-reference = Référence
reviews-reference-hint = Numéro de dossier, 64 caractères au plus. Jamais de données de patient.
reviews-lapses = Caduc le
reviews-lapsed = caduc
reviews-arbiter = En tant qu’arbitre
reviews-arbiter-what = L’arbitre est une autre personne que l’auteur du signalement.
reviews-uphold = Confirmer
reviews-dismiss = Rejeter
incident-digest-mismatch = ce qui est arrivé n’est pas ce qui fut envoyé
incident-purpose-misuse = utilisé à une autre fin
incident-revocation-ignored = une révocation n’a pas été respectée
incident-onward-disclosure = transmis plus loin sans permission
incident-equivocation = déclarations signées contradictoires, ou falsification
reviews-charges = Imputations annulables
reviews-charges-none = Rien n’est imputé à personne.
reviews-charge-was = Unités alors
reviews-charge-left = Unités aujourd’hui
reviews-reverse = Annuler
reviews-reverse-this = Annuler l’imputation de l’inscription { $entry }
reviews-reverse-what = Ce qui reste de l’imputation disparaît, et son plafond avec elle. C’est une inscription à part ; l’ancienne demeure.
reviews-lift = Lever le plafond
reviews-lift-this = Lever le plafond fixé par l’inscription { $entry }
reviews-lift-what = Le score peut de nouveau le dépasser. L’imputation elle-même demeure.
reviews-receipts = Reçus non parvenus
reviews-receipts-what = La passerelle de l’autre établissement n’a pas signé ce qu’elle a reçu. Demandez-lui ; ce qu’elle signe autrement est imputé automatiquement.

## Records: what is held, suspended and forgotten
reviews-records = Blocages, suspensions et conservation
records-holds = Blocages légaux
records-holds-what = Ce qui est bloqué n’est ni oublié ni supprimé.
records-holds-none = Aucun blocage.
records-hold = Poser un blocage
records-hold-whose = Dites de qui : un patient, ou tout le monde, et pas les deux.
records-hold-lift = Lever
records-hold-lift-this = Lever le blocage { $entry }
records-hold-lift-what = Ce qui était bloqué pourra être oublié et supprimé. Vous pouvez poser un nouveau blocage, mais ce qui a été supprimé entre-temps est perdu.
records-everybody = tout le monde
records-everybody-tick = Les détails de tout le monde
records-years = Années
records-years-all = toutes
records-from-year = À partir de cette année
records-until-year = Jusqu’à cette année
records-year-wrong = Une année s’écrit 2026.
records-suspensions = Suspensions du droit d’un patient d’être informé
records-suspensions-what = Une autorité déclare que dire au patient ce qu’elle a reçu gênerait son travail, et pour combien de temps (45 CFR 164.528(a)(2)). Jusque-là, le rapport du patient l’omet sans le dire.
records-suspensions-none = Aucune suspension en cours.
records-suspend = Suspendre
records-resume = Y mettre fin
records-agency = Autorité
records-agency-wrong = Choisissez un établissement de la configuration.
records-statement = Forme de la déclaration
records-statement-wrong = Choisissez la forme de la déclaration.
records-written = par écrit
records-oral = oralement
records-until = Jusqu’à
records-until-wrong = Une déclaration écrite indique son dernier jour.
records-last-day = Dernier jour
records-suspend-until-hint = Oralement : 30 jours au plus, et 30 si le champ est vide.
records-said = Qui parla pour l’autorité, et ce qui fut dit
records-said-hint = Conservé scellé.
records-retention = Conservation des détails scellés
records-retention-what = Une époque est une année civile d’une classe de conservation. En supprimer les détails détruit leur clé ; les lignes du registre demeurent, et avec elles toute preuve.
records-retention-none = Aucune époque ne contient de détails.
records-epoch = Époque
records-kept = Conservé
records-kept-years =
    { $count ->
        [one] { $count } an
       *[other] { $count } ans
    }
records-due = délai écoulé
records-not-due = encore conservé
records-held-by = blocage { $entry }
records-drop-ask = Supprimer…
records-drop-this = Supprimer les détails de { $epoch }
records-drop-final = C’est définitif : personne ne pourra plus ouvrir ces détails, d’aucun patient.
records-drop-do = Détruire la clé
records-erasing = Oublier un patient
records-erasing-what = Détruit la clé de tout ce qui est scellé sur un patient (article 17 RGPD). Les lignes du registre demeurent et ne connaissent le patient que par un pseudonyme aléatoire. Refusé tant qu’un blocage vise le patient.
records-erase = Oublier ce patient
records-erase-ask = Oublier…
records-erase-why = Pourquoi
records-erase-final = C’est définitif : personne ne peut revenir en arrière. Les consentements et oppositions de la personne prennent fin, sous tous les identifiants fusionnés. Qui garde ailleurs une copie de la clé d’enveloppe la remplace et refait une sauvegarde.
records-erase-do = Oublier définitivement
records-no-longer-necessary = plus nécessaire
records-consent-withdrawn = consentement retiré
records-objection = opposition
records-unlawful = enregistré illicitement
records-legal-obligation = obligation légale
records-recorded-in-error = enregistré pour la mauvaise personne
