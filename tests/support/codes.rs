//! The codes that the checker knows, read from its source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every code that occurs in `src/script`, outside comments and unit tests.
pub(crate) fn of_the_checker() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/script");
    let mut known = BTreeSet::new();
    for folder in [root.clone(), root.join("check"), root.join("expr"), root.join("translate")] {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let text = fs::read_to_string(path).unwrap();
            let product = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            known.extend(product.split('"').filter(|part| is_code(part)).map(str::to_owned));
        }
    }
    // The border between what cannot be read and what can be read and is wrong.
    known.remove("GS0300");
    assert!(known.len() > 60, "the codes are found: {}", known.len());
    known
}

fn is_code(part: &str) -> bool {
    part.len() == 6 && part.starts_with("GS") && part[2..].bytes().all(|byte| byte.is_ascii_digit())
}
