//! How wide a text becomes in a font nobody knows beforehand: wider than in all usual ones, so that it never leaves its box.

/// The width of a text in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(em).sum::<f64>() * size
}

/// A character's width as a part of the font's size, as in the widest of the usual fonts (Verdana, DejaVu Sans).
fn em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' => 0.32,
        ' ' | 'f' | 't' | 'I' | '.' | ',' | ':' | ';' | '!' | '/' | '(' | ')' | '[' | ']' | '‹' | '›' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 1.02,
        'A'..='Z' => 0.78,
        '\0'..='\u{2ff}' => 0.65,
        '\u{300}'..='\u{36f}' => 0.0,
        '\u{370}'..='\u{10ff}' | '\u{2000}'..='\u{206f}' => 0.8,
        _ => 1.3,
    }
}

/// A text in lines that are not wider than `most`. A word that is wider is broken.
pub(super) fn wrapped(text: &str, size: f64, most: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace().flat_map(|word| pieces(word, size, most)) {
        let longer = if line.is_empty() { word.clone() } else { format!("{line} {word}") };
        if width(&longer, size) <= most {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, word));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn pieces(word: &str, size: f64, most: f64) -> Vec<String> {
    let mut found = vec![String::new()];
    for c in word.chars() {
        let piece = found.last().map_or(0.0, |piece| width(piece, size));
        if piece + width(c.encode_utf8(&mut [0; 4]), size) > most {
            found.push(String::new());
        }
        if let Some(piece) = found.last_mut() {
            piece.push(c);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_it_may_be_and_no_letter_is_lost() {
        let text = "One word and averyveryverylongwordwithoutanyspaceinit, and then some more of them.";
        for most in [20.0, 60.0, 120.0] {
            let lines = wrapped(text, 12.0, most);
            assert!(lines.iter().all(|line| width(line, 12.0) <= most), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
