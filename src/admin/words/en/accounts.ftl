## Accounts
accounts = Users and settings
