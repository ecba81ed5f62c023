## Accounts
accounts = Utilisateurs et paramètres
accounts-all = Comptes
accounts-nobody = Personne ne peut encore se connecter. Ajoutez un compte, ou redémarrez la passerelle et suivez le lien d’installation qu’elle affiche.
accounts-add = Ajouter un compte
accounts-me = Mon compte
accounts-back = Tous les comptes

## What an account is
accounts-head-account = Compte
accounts-head-roles = Rôles
accounts-head-proof = Connexion par
accounts-head-tokens = Jetons
accounts-enabled = actif
accounts-disabled = désactivé
accounts-by-passcode = mot de passe
accounts-by-provider = fournisseur d’identité

## What a role is for
role-pacs-admin = exploite le système : pairs, files d’attente, journal et comptes
role-compliance = recherche, exporte, répond aux patients, statue sur les incidents
role-auditor = lit et vérifie, ne modifie rien
role-patient-desk = enregistre les consentements, imprime le relevé d’un patient
role-rule-approver = approuve les règles proposées par une autre personne

## What becomes of it
accounts-changes-end-sessions = Après une modification, les personnes connectées avec ce compte doivent se reconnecter.
accounts-set-roles = Définir les rôles
accounts-set-passcode = Définir un mot de passe
accounts-new-passcode = Nouveau mot de passe
accounts-passcode-again = Le même, encore une fois
accounts-passcodes-differ = Les deux mots de passe ne sont pas identiques.
accounts-passcode-or-provider = Laissez le mot de passe vide si la personne se connecte par un fournisseur d’identité.
accounts-fate = Bloquer ou autoriser
accounts-disable = Désactiver
accounts-disable-what = Plus personne n’entre avec ce compte ni avec l’un de ses jetons, jusqu’à ce qu’il soit réactivé.
accounts-enable = Réactiver
accounts-enable-what = Le compte est de nouveau valable, ses jetons aussi.
accounts-delete = Supprimer le compte
accounts-delete-what = Le compte disparaît avec ses jetons. Ce que le registre en dit reste.
accounts-delete-sure = Oui, supprimer { $account }
accounts-delete-unsure = Rien n’a été supprimé : cochez la case pour confirmer.

## Tokens
accounts-no-tokens = Aucun programme n’utilise l’API au nom de ce compte.
accounts-head-machine = Machine
accounts-head-id = Identifiant
accounts-head-made = Créé
accounts-head-until = Valable jusqu’au
accounts-head-change = Modifier
accounts-until-revoked = jusqu’à révocation
accounts-token-days =
    { $days ->
        [one] pendant { $days } jour
       *[other] pendant { $days } jours
    }
accounts-token-make = Créer un jeton
accounts-token-revoke = Révoquer
accounts-token-revoke-which = Révoquer le jeton { $token }
accounts-token-once = Voici le jeton. Il n’est montré que maintenant : copiez-le là où le programme le lit.
accounts-token-how = Le programme le présente à chaque requête :

## What was done
accounts-done-added = Le compte est créé.
accounts-done-roles = Les rôles sont définis.
accounts-done-passcode = Le mot de passe est défini.
accounts-done-disabled = Plus personne n’entre avec ce compte.
accounts-done-enabled = Le compte est de nouveau valable.
accounts-done-revoked = Le jeton n’est plus valable.
accounts-done-removed = Le compte est supprimé.
accounts-done-own-passcode = Votre mot de passe est modifié. Toutes vos autres sessions sont terminées.

## One's own account
accounts-no-session = Mot de passe et sessions concernent les personnes connectées par un navigateur.
accounts-change-passcode = Changer mon mot de passe
accounts-present-passcode = Mot de passe actuel
accounts-present-wrong = Ce n’est pas votre mot de passe.
accounts-own-by-provider = Vous vous connectez par un fournisseur d’identité : votre mot de passe se change là-bas.
accounts-language = Langue des pages
accounts-sessions = Mes sessions
accounts-head-begun = Début
accounts-head-seen = Dernière activité
accounts-head-from = Depuis
accounts-head-which = Laquelle
accounts-this-session = celle-ci
accounts-sign-out-everywhere = Se déconnecter partout

## Settings
accounts-settings = Paramètres
accounts-version = Version
accounts-time-zone = Fuseau horaire des pages
accounts-api = Description de l’API (OpenAPI)
accounts-metrics = Métriques (OpenMetrics)
accounts-configuration = Valeurs en vigueur
accounts-head-key = Clé du fichier
accounts-head-value = Valeur
accounts-settings-where = Ces valeurs se modifient dans le fichier de configuration et s’appliquent au prochain démarrage. docs/configuration.md les décrit toutes.
