//! `goldseam scripts explain GS0405`: a section of the page that explains every code. The page is inside the program.

use std::process::ExitCode;

/// The page that explains every code.
const PAGE: &str = include_str!("../../../../docs/script-errors.md");
const PAGE_PATH: &str = "docs/script-errors.md";

/// The page's section about a code.
pub(crate) fn explain(code: &str) -> ExitCode {
    let wanted = code.to_uppercase();
    match section(&wanted) {
        Some(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("goldseam: there is no code `{wanted}`; {PAGE_PATH} lists all of them.");
            ExitCode::from(2)
        }
    }
}

fn section(code: &str) -> Option<&'static str> {
    let start =
        PAGE.match_indices("### ").map(|(at, _)| at).find(|at| PAGE[at + 4..].starts_with(&format!("{code}:")))?;
    let rest = &PAGE[start..];
    let end =
        rest[4..].find("\n### ").into_iter().chain(rest[4..].find("\n## ")).min().map_or(rest.len(), |end| end + 4);
    Some(rest[..end].trim_end())
}

/// Where a code is explained: its heading on the page, as a browser knows it.
pub(super) fn link(code: &str) -> String {
    let heading = section(code).and_then(|text| text.lines().next()).unwrap_or(code).trim_start_matches("### ");
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .collect::<String>();
    format!("{PAGE_PATH}#{}", kept.replace(' ', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_the_next_one_begins() {
        let text = section("GS0503").expect("a section");
        assert!(text.starts_with("### GS0503: ") && text.contains("*Why:*") && !text.contains("GS0504"), "{text}");
        let last_of_a_part = section("GS0506").expect("a section");
        assert!(!last_of_a_part.contains("\n## "), "{last_of_a_part}");
        assert!(section("GS05").is_none() && section("").is_none());
    }

    #[test]
    fn a_link_is_what_a_browser_makes_of_the_heading() {
        assert_eq!(link("GS0405"), "docs/script-errors.md#gs0405-two-options-share-a-word");
    }
}
