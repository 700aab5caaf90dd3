//! How a state of each earlier format becomes one of the next.
//!
//! Works on JSON, for the types of earlier formats are gone. Whatever has another shape than it should have is left as it is: reading
//! the result tells.

use serde_json::{Map, Value};

/// Format 2: instants are milliseconds, an answer that can be gone back over keeps only the vars that changed after it, and the
/// latest questions are kept as marks.
pub(super) fn lighter(state: &mut Value) {
    for field in ["/seen", "/pressed/at", "/card/asked/at", "/card/asked/until"] {
        in_millis(state.pointer_mut(field));
    }
    shorten_hash(state.pointer_mut("/card/asked/hash"));
    let (active, parked) = (state.pointer("/active").is_some(), state["parked"].as_array().map_or(0, Vec::len));
    let threads = active.then(|| "/active".to_owned()).into_iter().chain((0..parked).map(|at| format!("/parked/{at}")));
    for thread in threads {
        if let Some(thread) = state.pointer_mut(&thread) {
            lighten_thread(thread);
        }
    }
    if let Some(log) = state.get_mut("log").and_then(Value::as_array_mut) {
        log.iter_mut().for_each(|logged| *logged = marked(logged));
    }
}

fn lighten_thread(thread: &mut Value) {
    for field in ["/started", "/asked/at", "/asked/until"] {
        in_millis(thread.pointer_mut(field));
    }
    shorten_hash(thread.pointer_mut("/asked/hash"));
    for frame in thread.get_mut("frames").and_then(Value::as_array_mut).into_iter().flatten() {
        let mut later = object(&frame["vars"]);
        for undo in frame.get_mut("undo").and_then(Value::as_array_mut).into_iter().flatten().rev() {
            let then = object(&undo["vars"]);
            if let Some(undo) = undo.as_object_mut() {
                undo.remove("vars");
                undo.insert("was".into(), changed(&then, &later).into());
            }
            later = then;
        }
    }
}

/// What is not the same later; null for what was not there.
fn changed(then: &Map<String, Value>, later: &Map<String, Value>) -> Map<String, Value> {
    let names = then.keys().chain(later.keys().filter(|name| !then.contains_key(*name)));
    let of = |vars: &Map<String, Value>, name: &str| vars.get(name).cloned().unwrap_or_default();
    names.filter(|name| of(then, name) != of(later, name)).map(|name| (name.clone(), of(then, name))).collect()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn in_millis(field: Option<&mut Value>) {
    let Some(field) = field else { return };
    let at: Option<jiff::Timestamp> = field.as_str().and_then(|text| text.parse().ok());
    if let Some(at) = at {
        *field = at.as_millisecond().into();
    }
}

fn shorten_hash(field: Option<&mut Value>) {
    let Some(field) = field else { return };
    *field = (field.as_u64().unwrap_or(0) & u64::from(u32::MAX)).into();
}

fn marked(logged: &Value) -> Value {
    let number = |field: &str| logged[field].as_u64().unwrap_or(0);
    let text = |field: &str| logged[field].as_str().unwrap_or("");
    let hash = u32::try_from(number("hash") & u64::from(u32::MAX)).unwrap_or(0);
    let mark = super::mark(number("thread"), text("script"), text("at"), hash);
    serde_json::json!([number("seq"), mark])
}
