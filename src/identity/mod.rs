//! Whether somebody is who they say: passcodes against their digests, tokens against the keys of
//! an identity provider.
//!
//! What is verified with is read from its file at each question, so that a user who is taken out of
//! it, or a key that is replaced, counts at once; nothing that was verified is remembered. Passcodes
//! and tokens stand in no error and in no log.

mod passcode;
mod passcodes;
mod token;
mod token_keys;

pub use passcode::Digest;
pub use passcode::PASSCODE_BYTES_MAX;
pub use passcode::PASSCODE_CHARACTERS_MIN;
pub use passcode::Passcode;
pub use passcode::PasscodeFault;
pub use passcodes::Passcodes;
pub use passcodes::PasscodesError;
pub use token::TokenFault;
pub use token::verify as verify_token;
pub use token_keys::TokenKeys;
pub use token_keys::TokenKeysError;
