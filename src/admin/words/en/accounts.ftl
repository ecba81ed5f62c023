## Accounts
accounts = Users and settings
accounts-all = Accounts
accounts-nobody = Nobody can sign in yet. Add an account, or restart the gateway and follow the set-up link that it prints.
accounts-add = Add an account
accounts-me = My account
accounts-back = All accounts

## What an account is
accounts-head-account = Account
accounts-head-roles = Roles
accounts-head-proof = Signs in by
accounts-head-tokens = Tokens
accounts-enabled = enabled
accounts-disabled = disabled
accounts-by-passcode = passcode
accounts-by-provider = identity provider

## What a role is for
role-pacs-admin = runs the machine: peers, queues, log and accounts
role-compliance = searches, exports, answers patients, decides on incidents
role-auditor = reads and verifies, and changes nothing
role-patient-desk = records consents, prints the report for one patient
role-rule-approver = agrees to rules that somebody else proposed

## What becomes of it
accounts-changes-end-sessions = Whoever is signed in by this account has to sign in again after a change.
accounts-set-roles = Set the roles
accounts-set-passcode = Set a passcode
accounts-new-passcode = New passcode
accounts-passcode-again = The same once more
accounts-passcodes-differ = The two passcodes are not the same.
accounts-passcode-or-provider = Leave the passcode empty for somebody who signs in by an identity provider.
accounts-fate = Lock out or let in
accounts-disable = Disable
accounts-disable-what = Nobody gets in by this account, nor by a token of it, until it is enabled again.
accounts-enable = Enable
accounts-enable-what = The account counts again, and its tokens, too.
accounts-delete = Delete the account
accounts-delete-what = The account goes, and its tokens with it. What the ledger says of it stays.
accounts-delete-sure = Yes, delete { $account }
accounts-delete-unsure = Nothing was deleted: tick the box to say that you mean it.

## Tokens
accounts-no-tokens = No machine uses the API on behalf of this account.
accounts-head-machine = Machine
accounts-head-id = Known by
accounts-head-made = Made
accounts-head-until = Counts until
accounts-head-change = Change
accounts-until-revoked = until it is revoked
accounts-token-days =
    { $days ->
        [one] for one day
       *[other] for { $days } days
    }
accounts-token-make = Make a token
accounts-token-revoke = Revoke
accounts-token-revoke-which = Revoke the token { $token }
accounts-token-once = This is the token. It is shown now and never again: copy it to where the machine reads it.
accounts-token-how = The machine says it with each request:

## What was done
accounts-done-added = The account is there.
accounts-done-roles = The roles are set.
accounts-done-passcode = The passcode is set.
accounts-done-disabled = Nobody gets in by this account any more.
accounts-done-enabled = The account counts again.
accounts-done-revoked = The token counts no more.
accounts-done-removed = The account is deleted.
accounts-done-own-passcode = Your passcode is changed. All your other sessions have ended.

## One's own account
accounts-no-session = Passcode and sessions are for somebody who is signed in by a browser.
accounts-change-passcode = Change my passcode
accounts-present-passcode = Present passcode
accounts-present-wrong = That is not your passcode.
accounts-own-by-provider = You sign in by an identity provider: your passcode is changed there.
accounts-language = Language of the pages
accounts-sessions = My sessions
accounts-head-begun = Begun
accounts-head-seen = Last used
accounts-head-from = From
accounts-head-which = Which
accounts-this-session = this one
accounts-sign-out-everywhere = Sign out everywhere

## Settings
accounts-settings = Settings
accounts-version = Version
accounts-time-zone = Time zone of the pages
accounts-api = The API, described (OpenAPI)
accounts-metrics = Metrics (OpenMetrics)
accounts-configuration = Values in force
accounts-head-key = Key of the file
accounts-head-value = Value
accounts-settings-where = These values are changed in the configuration file, and count from the next start on. docs/configuration.md tells of all of them.
