//! The same scripts in other languages: texts from PO files, words from lists.
//!
//! Values, names and expressions never leave a script; a translation changes what is shown and what is understood, and nothing else.

mod edition;
mod merge;
mod plural;
pub mod po;
mod slots;

pub use merge::{Status, Untranslated, merge, status, template};
pub use plural::Plural;

pub(crate) use edition::{BANNED, Edition, Folder, Scripts, TEXTS, build};
pub(crate) use slots::{Slot, Speaker, Words, each};

/// A language tag in one spelling: `pt_BR` is `pt-br`. Nothing comes back for what is none.
#[must_use]
pub fn tag(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-").to_ascii_lowercase();
    let mut parts = tag.split('-');
    let first =
        parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase()));
    let rest = parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    (first && rest && tag.len() <= 35).then_some(tag)
}

/// A tag, and what it falls back to: `es-419` and `es`.
pub(crate) fn fallbacks(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |tag| tag.rsplit_once('-').map(|(head, _)| head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_have_one_spelling_and_fall_back() {
        assert_eq!(tag("pt_BR").as_deref(), Some("pt-br"));
        assert_eq!(tag("es-419").as_deref(), Some("es-419"));
        for odd in ["", "e", "english", "es/../x", "es-", "\u{e9}s", "12"] {
            assert_eq!(tag(odd), None, "{odd}");
        }
        assert_eq!(fallbacks("zh-hans-cn").collect::<Vec<_>>(), ["zh-hans-cn", "zh-hans", "zh"]);
    }
}
