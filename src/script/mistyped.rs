//! What the YAML parser cannot read, said in words for somebody who writes sentences, at the place where they look for it.
//!
//! Looks at one text only; knows nothing of scripts.

/// A mistake as it is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Where it is, in bytes.
    pub(super) at: usize,
    pub(super) what: String,
    pub(super) hint: &'static str,
}

const INDENT: &str = "give it as many spaces at its beginning as the lines have that it belongs to";
const STAR: &str = "put the text in quotes: \"*like this*\"";
const BRACKET: &str = "close the bracket; inside { } and [ ] put texts in quotes, with a comma between them";

/// What the parser says, and what it means.
const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "mapping values are not allowed",
        "a colon where no value can begin",
        "put the whole text in quotes, or check the indentation of this line and the one above",
    ),
    ("did not find expected '-' indicator", "this line stands under nothing that it could belong to", INDENT),
    ("did not find expected key", "this line stands under nothing that it could belong to", INDENT),
    (
        "did not find expected comment or line break",
        "words behind `>` or `|`",
        "write `|` alone, and the text in the lines below it, two spaces further in",
    ),
    (
        "in quoted scalar",
        "a quote that is opened here and not closed",
        "put a quote at the end of the text; lines that it goes on in stand further in than its name",
    ),
    (
        "quoted scalar, found unexpected",
        "a quote that is opened here and not closed",
        "put a quote at the end of the text; lines that it goes on in stand further in than its name",
    ),
    (
        "unknown escape character",
        "a backslash in double quotes",
        "put single quotes around the text, or write two backslashes",
    ),
    ("expected ',' or", "a bracket that is opened and not closed, or a text in it without quotes", BRACKET),
    ("unknown anchor", "a star at the beginning of a text", STAR),
    ("scanning an anchor or alias", "a star, or `&`, at the beginning of a text", STAR),
    (
        "sequence entries are not allowed",
        "a dash where no list can begin",
        "put the text in quotes, or begin the list in the line below",
    ),
    ("expected node content", "a sign that cannot begin a text", "put the whole text in quotes"),
    ("unexpected character", "a sign that cannot begin a text", "put the whole text in quotes"),
];

/// The parser's words about a text, in ours. `at` is where it stopped.
pub(super) fn told(said: &str, at: usize, text: &str) -> Told {
    if said.contains("simple key expect") {
        return no_value(at, text);
    }
    if said.contains("invalid trailing content after") {
        return behind_a_quote(at, text);
    }
    let known = MEANINGS.iter().find(|(words, ..)| said.contains(words));
    let (what, hint) = known.map_or(
        (said, "quote the text, or check the indentation of this line and the one above"),
        |(_, what, hint)| (what, hint),
    );
    Told { at, what: what.to_owned(), hint }
}

/// A line that is no `name: value`. The parser notices it where the next one begins.
fn no_value(at: usize, text: &str) -> Told {
    let before = text[..text.floor_char_boundary(at)].trim_end();
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = &before[start..];
    let begins = start + line.len() - line.trim_start_matches([' ', '-']).len();
    let colon = line.find(':').map(|colon| start + colon);
    match colon.filter(|colon| !before[colon + 1..].starts_with(' ')) {
        Some(at) => Told {
            at,
            what: "no space behind a colon".into(),
            hint: "write `name: value`, with a space behind the colon",
        },
        None => Told {
            at: begins,
            what: "a line without a name".into(),
            hint: "write `name: value`; a text over several lines stands under `|`, two spaces further in",
        },
    }
}

/// Words behind what the parser took for the end of a text in quotes.
fn behind_a_quote(at: usize, text: &str) -> Told {
    let hint = match text[..text.floor_char_boundary(at)].trim_end().ends_with('\'') {
        true => "inside single quotes an apostrophe is written twice; double quotes around the text are easier",
        false => "put single quotes around the whole text: 'like \"this\" one'",
    };
    Told { at, what: "words behind a closing quote".into(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_without_a_space_is_told_where_it_stands() {
        let text = "a: 1\n  ask:What is it?\n\n  save: word\n";
        let told = told("simple key expect ':'", text.find("save").unwrap(), text);
        assert_eq!((&text[told.at..=told.at], told.what.as_str()), (":", "no space behind a colon"));
    }

    #[test]
    fn a_line_without_a_name_is_told_where_it_begins() {
        let text = "- id: a\n  Hello there\n- say: Hi.\n";
        let told = told("simple key expect ':'", text.find("- say").unwrap(), text);
        assert!(text[told.at..].starts_with("Hello") && told.hint.contains("`|`"), "{told:?}");
    }

    #[test]
    fn a_quote_is_told_by_its_kind() {
        let hint =
            |text: &str, behind: &str| told("invalid trailing content after x", text.find(behind).unwrap(), text).hint;
        assert!(hint("say: 'It's fine.'", "s fine").contains("apostrophe"));
        assert!(hint("say: \"When\" you", " you").contains("single quotes"));
    }

    #[test]
    fn words_of_the_parser_that_are_new_are_passed_on() {
        assert_eq!(told("quite new", 3, "abc").what, "quite new");
    }
}
