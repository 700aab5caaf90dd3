//! How things are before a script is played, written as in transcripts: `me.name = Ana; open promise = call Lena`.

use anyhow::{anyhow, bail};
use jiff::civil::DateTime;

/// One part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// Nothing is known, not even that they agreed.
    NewPerson,
    Now(DateTime),
    Fact {
        name: String,
        value: String,
    },
    Promise {
        to: String,
        text: String,
    },
}

/// Reads all parts.
pub(super) fn parse(words: &str) -> anyhow::Result<Vec<Given>> {
    words.split(';').map(str::trim).filter(|part| !part.is_empty()).map(part).collect()
}

fn part(part: &str) -> anyhow::Result<Given> {
    if part == "new person" {
        return Ok(Given::NewPerson);
    }
    let (name, value) = part.split_once('=').ok_or_else(|| anyhow!("`{part}` should be `name = value`"))?;
    let (name, value) = (name.trim(), value.trim().to_owned());
    if let Some(name) = name.strip_prefix("me.") {
        return Ok(Given::Fact { name: name.to_owned(), value });
    }
    if let Some(to) = name.strip_prefix("open promise") {
        let to = to.trim().strip_prefix("to ").unwrap_or("me").trim().to_owned();
        return Ok(Given::Promise { to, text: value });
    }
    if name == "now" {
        let moment = value.replace(' ', "T").parse();
        return Ok(Given::Now(moment.map_err(|_| anyhow!("`{value}` should be like 2026-03-02 20:00"))?));
    }
    bail!("`{name}` cannot be given: it is `me.name`, `open promise`, `now` or `new person`")
}
