//! The rules as delivered. Shared by the tests that begin with them.

use std::fs;
use std::path::Path;

/// Where the rules as delivered lie.
pub(crate) const DELIVERED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/gateway-config");

/// Copies the rules as delivered into `folder`, and their numbers beside it.
pub(crate) fn copy_rules(folder: &Path) {
    let delivered = Path::new(DELIVERED);
    fs::create_dir_all(folder).unwrap();
    for file in fs::read_dir(delivered.join("policy")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    fs::copy(delivered.join("credit.toml"), folder.join("../credit.toml")).unwrap();
}
