//! `--stamp NAME --as ROLE`: writes into a script that somebody has read it, as it is today.

use std::path::Path;

use super::today;
use crate::prompts;
use crate::script::model::Stamp;
use crate::script::{Library, review};

/// Writes into a script that somebody has read it.
pub(super) fn stamp(dir: &Path, name: &str, by: &str, role: &str) -> Result<(), String> {
    let files = prompts::read(dir).map_err(|error| error.to_string())?;
    // The words of a script in another language stand in a file of the same name.
    let is_it =
        |path: &str| !path.starts_with("languages/") && path.rsplit('/').next() == Some(&format!("{name}.yaml"));
    let file = files.iter().find(|file| is_it(&file.path));
    let file = file.ok_or_else(|| format!("there is no script `{name}` in {}.", dir.display()))?;
    let (_, report) = Library::load(&files);
    let known = report.reviews.iter().find(|review| review.script == name);
    let known = known.ok_or_else(|| format!("`{name}` cannot be read: mend it first, then let it be read."))?;
    let text = review::revision(&file.text);
    let on = today();
    let mut stamps = known.stamps.clone();
    stamps.push(Stamp { by: by.to_owned(), on, role: role.to_owned(), text, span: 0..0 });
    let path = dir.join(&file.path);
    std::fs::write(&path, review::stamped(&file.text, &stamps))
        .map_err(|error| format!("{} cannot be written ({}).", path.display(), error.kind()))
}
