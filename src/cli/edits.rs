//! Scripts that are edited while somebody tries them: found, read, and told about.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::platform::console::Look;
use crate::prompts::{self, PromptsError, Watch};
use crate::script::Library;

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

/// What is told of an edit that was taken over, and whether the open question should be shown again: its script was edited.
pub(super) fn told(standing: Option<(&str, &str)>, before: &Library, after: &Library) -> (String, bool) {
    let Some((script, at)) = standing else { return ("Reloaded; nothing is open.".into(), false) };
    let edited = after.script(script).map(|script| &script.rev) != before.script(script).map(|script| &script.rev);
    let there = after.script(script).is_some_and(|script| script.waits.contains_key(at));
    let remark = if there { format!("Reloaded; you stand at `{at}`.") } else { format!("Reloaded; `{at}` is gone.") };
    (remark, edited)
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
    let script = library.script(name);
    let op = script.and_then(|script| script.ops.get(*script.waits.get(at)?));
    let file_name = format!("{name}.yaml");
    let file = prompts::read(folder)?.into_iter().find(|file| file.path.rsplit('/').next() == Some(&file_name));
    let (Some(op), Some(file)) = (op, file) else { bail!("`{at}` of {name} is not there any more.") };
    let line = file.text.get(..op.span.start).map_or(1, |before| before.matches('\n').count() + 1);
    Ok(format!("`{at}` is written in {}:{line}.", folder.join(&file.path).display()))
}
