//! `goldseam scripts graph`: the flow of scripts as Mermaid or SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::transcripts;
use crate::script::graph::{Graph, overview};
use crate::script::model::Script;
use crate::transcript::{Coverage, Scripts};

/// What to draw, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The script
    #[arg(required_unless_present = "all")]
    script: Option<String>,
    /// Every script, and one drawing of how they lead to each other; needs --out
    #[arg(long, conflicts_with = "script", requires = "out")]
    all: bool,
    /// Play the transcripts, and paint red where none of them went
    #[arg(long)]
    coverage: bool,
    #[arg(long, value_enum, default_value_t = Format::Mermaid)]
    format: Format,
    /// Write into this folder instead of printing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A folder with scripts [default: `prompts` here, or else the configured prompts_dir]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Text that many places draw by themselves
    Mermaid,
    /// A picture
    Svg,
}

impl Format {
    fn write(self, graph: &Graph) -> String {
        match self {
            Format::Mermaid => graph.mermaid(),
            Format::Svg => graph.svg(),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Format::Mermaid => "mmd",
            Format::Svg => "svg",
        }
    }
}

/// Draws one script or all of them.
pub(crate) fn draw(options: &Options) -> anyhow::Result<ExitCode> {
    let folder = transcripts::folder(options.dir.as_deref())?;
    let scripts = transcripts::scripts(&folder)?;
    let coverage = match options.coverage {
        true => Some(transcripts::coverage(&folder, &scripts)?),
        false => None,
    };
    let drawings = Drawings { scripts: &scripts, coverage: coverage.as_ref(), format: options.format };
    match (&options.script, &options.out) {
        (Some(name), None) => print!("{}", drawings.text(drawings.find(name)?)),
        (Some(name), Some(out)) => {
            let script = drawings.find(name)?;
            println!("{}", drawings.write(out, &script.name, &drawings.graph(script))?.display());
        }
        (None, Some(out)) => drawings.all(out)?,
        (None, None) => {}
    }
    Ok(ExitCode::SUCCESS)
}

struct Drawings<'s> {
    scripts: &'s Scripts,
    coverage: Option<&'s Coverage<'s>>,
    format: Format,
}

impl Drawings<'_> {
    fn find(&self, name: &str) -> anyhow::Result<&Script> {
        match self.scripts.library().script(name) {
            Some(script) => Ok(script),
            None => bail!("There is no script `{name}`: `goldseam scripts graph --all --out DIR` draws all there are."),
        }
    }

    fn graph(&self, script: &Script) -> Graph {
        let texts: BTreeMap<&str, &str> = self.scripts.library().texts().map(|(name, _, text)| (name, text)).collect();
        let taken = self.coverage.and_then(|coverage| coverage.script(&script.name)).map(|reached| reached.edges());
        Graph::of(script, texts.get(script.name.as_str()).copied().unwrap_or_default(), taken)
    }

    fn text(&self, script: &Script) -> String {
        self.format.write(&self.graph(script))
    }

    fn write(&self, out: &Path, name: &str, graph: &Graph) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
        let path = out.join(format!("{name}.{}", self.format.ending()));
        fs::write(&path, self.format.write(graph)).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    /// One drawing for each script, the overview, and a list of them.
    fn all(&self, out: &Path) -> anyhow::Result<()> {
        let library = self.scripts.library();
        let overview = self.write(out, "overview", &overview(library))?;
        let mut list = format!("{}  All scripts\n", overview.display());
        for script in library.scripts() {
            let graph = self.graph(script);
            let path = self.write(out, &script.name, &graph)?;
            let untested = match graph.untested() {
                0 => String::new(),
                count => format!("  ({count} untested)"),
            };
            let _ = writeln!(list, "{}  {}{untested}", path.display(), script.title);
        }
        print!("{list}");
        Ok(())
    }
}
