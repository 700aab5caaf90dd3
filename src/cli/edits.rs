//! Scripts that are edited while somebody tries them: found, read, and told about.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::conversation::place;
use crate::engine::State;
use crate::engine::revise::{Revised, outcome};
use crate::platform::console::Look;
use crate::prompts::{self, PromptsError, Watch};
use crate::script::Library;
use crate::script::model::{OpKind, Script};

/// What is told of an edit that has errors.
pub(super) const LEFT_ASIDE: &str = "The scripts before this edit stay in use.";

/// Looks for edits; those of the scripts inside the program never come.
pub(super) struct Edits(Option<(PathBuf, Watch)>);

impl Edits {
    pub(super) fn of(folder: Option<&Path>) -> Self {
        Self(folder.map(|folder| (folder.to_owned(), Watch::new(folder))))
    }

    /// The scripts after an edit, or what is wrong with it; nothing when there was none since the last look.
    pub(super) fn look(&mut self, look: Look) -> Option<Result<Library, String>> {
        let (folder, watch) = self.0.as_mut()?;
        if !watch.changed() {
            return None;
        }
        Some(match prompts::load(Some(folder)) {
            Ok((library, _)) => Ok(library),
            Err(PromptsError::Wrong { report, .. }) => {
                Err(format!("\n{}\n\n", report.without_warnings().render(look == Look::Terminal)))
            }
            Err(error) => Err(format!("\n{error}\n\n")),
        })
    }
}

/// What is told of an edit that is in use, and whether the open question should be shown again: its script was edited, and
/// goes on. `after` are the scripts with those that somebody stands in.
pub(super) fn told(state: Option<&State>, before: &Library, after: &Library) -> (String, bool) {
    let Some((script, at)) = state.and_then(place) else { return ("Reloaded; nothing is open.".into(), false) };
    let texts = |library: &Library| -> Vec<Option<OpKind>> {
        let languages = after.languages().iter().map(|(tag, _)| library.edition(tag));
        languages.map(|library| asked(library.script(script)?, at)).collect()
    };
    let revision = |library: &Library| library.script(script).map(|script| script.rev.clone());
    let edited = revision(before) != revision(after) || texts(before) != texts(after);
    let thread = state.and_then(|state| state.active.as_ref());
    match thread.map_or(Revised::Adopt, |thread| outcome(after, thread)) {
        Revised::Adopt => {
            let at = after.script(script).map_or(at, |script| script.renamed(at));
            (format!("Reloaded; you stand at `{at}`."), edited)
        }
        Revised::Finish => {
            (format!("Reloaded; `{at}` has no place in the new text, so you end in the old one."), false)
        }
        Revised::Changed => (format!("Reloaded; `{at}` is gone."), true),
    }
}

fn asked(script: &Script, at: &str) -> Option<OpKind> {
    let place = script.waits.get(script.renamed(at))?;
    script.ops.get(*place).map(|op| op.kind.clone())
}

/// Where the open question is written: `prompts/welcome.yaml:31`.
pub(super) fn written_at(
    folder: Option<&Path>,
    standing: Option<(&str, &str)>,
    library: &Library,
) -> anyhow::Result<String> {
    let Some(folder) = folder else {
        bail!("These scripts are inside the program. `--dir DIR` plays a folder, which can be edited meanwhile.");
    };
    let Some((name, at)) = standing else { bail!("Nothing is open.") };
    let op = library.script(name).and_then(|script| script.ops.get(*script.waits.get(at)?));
    let path = library.files().find(|(_, script)| script.name == name).map(|(path, _)| folder.join(path));
    let (Some(op), Some(path)) = (op, path) else { bail!("`{at}` of {name} is not there any more.") };
    let file = prompts::read_file(&path)?;
    let line = file.text.get(..op.span.start).map_or(1, |before| before.matches('\n').count() + 1);
    Ok(format!("`{at}` is written in {}:{line}.", path.display()))
}
