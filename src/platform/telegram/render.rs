//! A [`Message`](crate::types::Message) in Telegram's form: HTML text and rows of buttons.
//!
//! Every text goes through [`escape`], so what a person wrote is never read as markup. Nothing here calls anything.

use teloxide::types::{InlineKeyboardButton, InlineKeyboardMarkup};

use crate::types::{Button, Rich, Span};

/// Characters of one row that a narrow telephone still shows whole.
const ROW_WIDTH: usize = 30;

/// Escapes a text for Telegram's HTML mode: the only place where that is done.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The text as Telegram's HTML. Every tag is closed inside the run that opened it; quoted lines that follow each other stand
/// in one quote. Without its tags it reads exactly like [`Rich::text`].
#[must_use]
pub fn html(rich: &Rich) -> String {
    let quoted = quoted_runs(&rich.0);
    let mut out = String::new();
    let mut index = 0;
    while index < rich.0.len() {
        let run = quoted[index..].iter().take_while(|flag| **flag == quoted[index]).count();
        let spans = &rich.0[index..index + run];
        out.push_str(&if quoted[index] { quote(spans) } else { spans.iter().map(styled).collect() });
        index += run;
    }
    out
}

/// Which spans stand in a quote: the quoted ones, and a bare line break between two of them.
fn quoted_runs(spans: &[Span]) -> Vec<bool> {
    let joins = |index: usize| {
        spans[index].text == "\n"
            && index.checked_sub(1).is_some_and(|before| spans[before].quote && !spans[before].text.ends_with('\n'))
            && spans.get(index + 1).is_some_and(|after| after.quote)
    };
    (0..spans.len()).map(|index| spans[index].quote || joins(index)).collect()
}

/// One quote. Line breaks at its edges belong outside, or the quote would show empty lines.
fn quote(spans: &[Span]) -> String {
    let inner: String = spans.iter().map(styled).collect();
    let body = inner.trim_matches('\n');
    if body.is_empty() {
        return inner;
    }
    let lead = inner.len() - inner.trim_start_matches('\n').len();
    format!("{}<blockquote>{body}</blockquote>{}", &inner[..lead], &inner[lead + body.len()..])
}

/// One run with its tags. Breaks at the edges stay outside of the tags, and blank text gets none.
fn styled(span: &Span) -> String {
    let text = span.text.trim_matches('\n');
    if text.trim().is_empty() {
        return escape(&span.text);
    }
    let lead = span.text.len() - span.text.trim_start_matches('\n').len();
    let (open, close) = match (span.bold, span.italic) {
        (true, true) => ("<b><i>", "</i></b>"),
        (true, false) => ("<b>", "</b>"),
        (false, true) => ("<i>", "</i>"),
        (false, false) => ("", ""),
    };
    format!("{}{open}{}{close}{}", &span.text[..lead], escape(text), &span.text[lead + text.len()..])
}

/// The keyboard of a message, or `None` when it offers nothing.
pub(super) fn keyboard(buttons: &[Button]) -> Option<InlineKeyboardMarkup> {
    if buttons.is_empty() {
        return None;
    }
    let rows = rows(buttons).into_iter().map(|row| {
        row.iter().map(|button| InlineKeyboardButton::callback(&*button.label, &*button.token)).collect::<Vec<_>>()
    });
    Some(InlineKeyboardMarkup::new(rows))
}

/// Rows as they look best. A row gives the same width to each of its buttons, so it holds as many as its longest label
/// allows: up to eight marks like `1` to `5`, else up to three.
fn rows(buttons: &[Button]) -> Vec<&[Button]> {
    let width = |button: &Button| button.label.chars().count();
    if buttons.iter().all(|button| width(button) <= 3) {
        return buttons.chunks(even(buttons.len(), 8)).collect();
    }
    let most = even(buttons.len(), 3);
    let (mut rows, mut start) = (Vec::new(), 0);
    while start < buttons.len() {
        let fits =
            |count: &usize| buttons[start..start + count].iter().map(width).max().unwrap_or(0) * count <= ROW_WIDTH;
        let count = (1..=most.min(buttons.len() - start)).rev().find(fits).unwrap_or(1);
        rows.push(&buttons[start..start + count]);
        start += count;
    }
    rows
}

/// How many to put in a row so that no row has more than `most` and all have nearly the same: 4 by at most 3 is 2 and 2.
fn even(count: usize, most: usize) -> usize {
    count.div_ceil(count.div_ceil(most).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(labels: &[&str]) -> Vec<usize> {
        let buttons: Vec<_> = labels.iter().map(|label| Button { label: (*label).into(), token: "t".into() }).collect();
        rows(&buttons).iter().map(|row| row.len()).collect()
    }

    #[test]
    fn buttons_share_a_row_as_long_as_they_can_be_read() {
        assert_eq!(layout(&["1", "2", "3", "4", "5"]), [5]);
        assert_eq!(layout(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]), [6, 5]);
        assert_eq!(layout(&["Yes", "No"]), [2]);
        assert_eq!(layout(&["Kept it", "Partly", "Not today"]), [3]);
        assert_eq!(layout(&["Morning", "Midday", "Evening", "Never"]), [2, 2]);
        assert_eq!(layout(&["Yes", "No", "I would rather not say"]), [2, 1]);
        assert_eq!(layout(&["I made a promise to somebody", "Somebody promised me something"]), [1, 1]);
    }
}
