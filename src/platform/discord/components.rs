//! Buttons, menus and forms as Discord wants them.
//!
//! Limits (Discord, "Component Reference"): 5 rows of 5 buttons, a button's label 80, a menu 25 options of 100, a form's
//! title and label 45, its text 4,000 characters.

use serde_json::{Value, json};

use crate::types::{Button, FormWords, Message, Rich};

/// The id of a button that shows what was chosen and does nothing.
pub const INERT: &str = "n";
/// What the id of a button that opens a form begins with; the question's sequence number follows, and a colon and the tag of the
/// language when that is not the source language.
pub const FORM: &str = "w:";

const MENU: &str = "menu";
const BUTTONS: usize = 10;
const MENU_OPTIONS: usize = 25;
const BUTTON_LABEL: usize = 80;
const MENU_LABEL: usize = 100;
const FORM_LABEL: usize = 45;
/// Up to this length five labels fit side by side.
const SHORT_LABEL: usize = 16;

/// The rows under a message. `form` asks for the button that opens a form, where free text cannot be typed.
#[must_use]
pub fn rows(message: &Message, form: Option<&FormWords>) -> Vec<Value> {
    let language = message.language.as_ref().map_or(String::new(), |tag| format!(":{tag}"));
    let write =
        message.wants_text.zip(form).map(|(seq, words)| button(&words.button, &format!("{FORM}{seq}{language}"), 1));
    if message.buttons.len() > BUTTONS {
        let menu = (message.buttons.len() <= MENU_OPTIONS).then(|| menu(&message.buttons));
        return menu.into_iter().chain(write).map(|item| row(vec![item])).collect();
    }
    let choices = message.buttons.iter().map(|choice| button(&choice.label, &choice.token, 2));
    let all: Vec<Value> = choices.chain(write).collect();
    let short = message.buttons.iter().all(|choice| choice.label.chars().count() <= SHORT_LABEL);
    let across = if short { 5 } else { all.len().div_ceil(5).max(1) };
    all.chunks(across).map(|items| row(items.to_vec())).collect()
}

/// The choices as a numbered list, when there are more than a menu takes.
#[must_use]
pub fn list(message: &Message) -> Option<Rich> {
    let lines =
        || message.buttons.iter().enumerate().map(|(index, choice)| format!("\n{}. {}", index + 1, choice.label));
    (message.buttons.len() > MENU_OPTIONS).then(|| Rich::plain(lines().collect::<String>()))
}

/// The one row that stands for the keyboard after a choice was made.
#[must_use]
pub fn chosen(label: &str) -> Value {
    let mut shown = button(&format!("✓ {label}"), INERT, 2);
    shown["disabled"] = json!(true);
    json!([row(vec![shown])])
}

/// What was written on the button or option that carries this token, looked up in the message it belongs to.
#[must_use]
pub fn label_of<'a>(message: &'a Value, token: &str) -> Option<&'a str> {
    let rows = message.get("components")?.as_array()?;
    let items = rows.iter().filter_map(|row| row.get("components")?.as_array()).flatten();
    items.flat_map(|item| std::iter::once(item).chain(options(item))).find_map(|item| {
        let id = item.get("custom_id").or_else(|| item.get("value"))?.as_str()?;
        (id == token).then(|| item.get("label")?.as_str()).flatten()
    })
}

fn options(item: &Value) -> impl Iterator<Item = &Value> {
    item.get("options").and_then(Value::as_array).into_iter().flatten()
}

/// The question and the language in the id of a button or a form.
#[must_use]
pub fn form_id(id: &str) -> Option<(u64, Option<&str>)> {
    let rest = id.strip_prefix(FORM)?;
    let (seq, language) = rest.split_once(':').map_or((rest, None), |(seq, tag)| (seq, Some(tag)));
    Some((seq.parse().ok()?, language))
}

/// The form that a button with [`FORM`] opens.
#[must_use]
pub fn form(custom_id: &str, words: &FormWords) -> Value {
    let input = json!({
        "type": 4, "custom_id": "text", "style": 2, "label": cut(&words.field, FORM_LABEL), "required": true,
        "min_length": 1, "max_length": 4000,
    });
    json!({ "custom_id": custom_id, "title": cut(&words.title, FORM_LABEL), "components": [row(vec![input])] })
}

fn row(items: Vec<Value>) -> Value {
    json!({ "type": 1, "components": items })
}

fn button(label: &str, id: &str, style: u8) -> Value {
    json!({ "type": 2, "style": style, "label": cut(label, BUTTON_LABEL), "custom_id": id })
}

fn menu(choices: &[Button]) -> Value {
    let option = |choice: &Button| json!({ "label": cut(&choice.label, MENU_LABEL), "value": choice.token });
    json!({
        "type": 3, "custom_id": MENU, "min_values": 1, "max_values": 1,
        "options": choices.iter().map(option).collect::<Vec<_>>(),
    })
}

/// At most `limit` UTF-16 units, with an ellipsis where something was left out; never empty.
fn cut(label: &str, limit: usize) -> String {
    if label.trim().is_empty() {
        return "…".into();
    }
    if label.encode_utf16().count() <= limit {
        return label.to_owned();
    }
    let mut units = 1;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= limit
    };
    label.chars().take_while(fits).chain(['…']).collect()
}
