//! Whether somebody is who they say: passcodes against their digests, tokens against the keys of
//! an identity provider; and the accounts of the console.
//!
//! What is verified with is read from its file at each question, so that a user who is taken out of
//! it, or a key that is replaced, counts at once; nothing that was verified is remembered. Passcodes
//! and tokens stand in no error and in no log.

mod accounts;
mod file;
mod passcode;
mod passcodes;
mod token;
mod token_keys;

pub use accounts::ACCOUNTS_MAX;
pub use accounts::Account;
pub use accounts::AccountFault;
pub use accounts::Accounts;
pub use accounts::AccountsError;
pub use accounts::ApiToken;
pub use accounts::Bearer;
pub use accounts::NotATokenId;
pub use accounts::TOKEN_BYTES;
pub use accounts::TOKEN_ID_BYTES;
pub use accounts::TOKENS_PER_ACCOUNT_MAX;
pub use accounts::TokenId;
pub use accounts::TokenSecret;
pub use file::ReplaceError;
pub use file::lock_for;
pub use file::replace;
pub use passcode::Digest;
pub use passcode::PASSCODE_BYTES_MAX;
pub use passcode::PASSCODE_CHARACTERS_MIN;
pub use passcode::Passcode;
pub use passcode::PasscodeFault;
pub use passcodes::Passcodes;
pub use passcodes::PasscodesError;
pub use token::TokenFault;
pub use token::verify as verify_token;
pub use token::verify_id_token;
pub use token_keys::TokenKeys;
pub use token_keys::TokenKeysError;
