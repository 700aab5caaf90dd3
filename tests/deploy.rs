//! What is in `deploy/` and said about settings: every variable that is named there is one that the program reads.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use goldseam::config::Config;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()).collect()
}

/// The names in a text that begin like a setting.
fn variables(text: &str) -> Vec<String> {
    let of = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len());
        format!("GOLDSEAM_{}", rest[..end].trim_end_matches('_'))
    };
    text.split("GOLDSEAM_").skip(1).map(of).collect()
}

#[test]
fn every_variable_that_is_named_exists() {
    let mut seen = 0;
    for path in
        files("deploy").into_iter().chain(files("docs")).filter(|path| path.extension().is_none_or(|end| end != "svg"))
    {
        let text = fs::read_to_string(&path).unwrap();
        // Switches of the tests are no settings of the program.
        let of_tests = |name: &String| {
            ["GOLDSEAM_SOAK", "GOLDSEAM_CRASH", "GOLDSEAM_TEST", "GOLDSEAM_POWER", "GOLDSEAM_LOCK"]
                .iter()
                .any(|own| name.starts_with(own))
        };
        for name in variables(&text).into_iter().filter(|name| !of_tests(name)) {
            let error = Config::parse(None, HashMap::from([(name.clone(), "nonsense".to_owned())])).err();
            let unknown = error.is_some_and(|error| error.to_string().contains("unknown field"));
            assert!(!unknown, "{}: {name}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen}");
}

#[test]
fn every_file_that_is_linked_to_is_there() {
    for path in files("docs").into_iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://") || link.contains(char::is_whitespace);
            assert!(outside || path.parent().unwrap().join(link).exists(), "{}: {link}", path.display());
        }
    }
}
