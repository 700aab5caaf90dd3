//! `goldseam scripts i18n`: the files that translators work in, kept in step with the scripts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Subcommand;

use super::super::house;
use crate::prompts;
use crate::script::problem::did_you_mean;
use crate::script::translate::po::Catalog;
use crate::script::translate::{self, Status, Untranslated};
use crate::script::{Library, PromptFile};

/// Where the scripts stand when nothing is said: the folder that is edited.
const FOLDER: &str = "prompts";

#[derive(Debug, Subcommand)]
pub(crate) enum I18n {
    /// Print all texts of the scripts as an empty PO file (a template)
    Extract {
        /// A folder with scripts [default: `prompts` here, else the configured one, else those inside this program]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Bring texts.po up to date with the scripts: translations stay, edited texts become fuzzy, new ones come in
    Merge {
        /// The languages, like es or pt-br; a new one gets a folder [default: all there are]
        #[arg(value_name = "LANG")]
        languages: Vec<String>,
        /// The folder with the scripts
        #[arg(long, value_name = "DIR", default_value = FOLDER)]
        dir: PathBuf,
    },
    /// Show how far each language is, or how far one script is in each
    Status {
        /// The script; its texts that are fuzzy or missing are listed
        script: Option<String>,
        /// List every text that is fuzzy or missing, by its place in the scripts
        #[arg(long)]
        list: bool,
        /// A folder with scripts [default: `prompts` here, else the configured one, else those inside this program]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

pub(crate) fn run(command: I18n) -> anyhow::Result<ExitCode> {
    match command {
        I18n::Extract { dir } => {
            let (files, _) = read(house::authors_folder(dir)?.as_deref())?;
            print!("{}", template(&files)?.write());
        }
        I18n::Merge { languages, dir } => merge(&languages, &dir)?,
        I18n::Status { script, list, dir } => {
            let folder = house::authors_folder(dir)?;
            let (files, catalogs) = read(folder.as_deref())?;
            let template = match &script {
                Some(script) => template_of(&files, script)?,
                None => template(&files)?,
            };
            print!("{}", table(&template, &catalogs, folder.as_deref(), list || script.is_some())?);
            house::not_your_own(folder.as_deref()).inspect(|remark| eprintln!("{remark}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The scripts, and each language's PO file by its tag.
type Read = (Vec<PromptFile>, Vec<(String, PromptFile)>);

fn read(dir: Option<&Path>) -> anyhow::Result<Read> {
    let files = match dir {
        Some(dir) => prompts::read(dir)?,
        None => prompts::shipped(),
    };
    let (languages, scripts): (Vec<PromptFile>, Vec<PromptFile>) =
        files.into_iter().partition(|file| file.path.starts_with("languages/"));
    let tagged = languages.into_iter().filter_map(|file| {
        let tag = file.path.strip_prefix("languages/")?.strip_suffix("/texts.po")?.to_owned();
        Some((tag, file))
    });
    Ok((scripts, tagged.collect()))
}

/// All texts of the scripts. Translations are not looked at: what is wrong in them must not keep them from being mended.
fn template(scripts: &[PromptFile]) -> anyhow::Result<Catalog> {
    Ok(translate::template(&sound(scripts)?, scripts))
}

/// The texts of one script.
fn template_of(scripts: &[PromptFile], name: &str) -> anyhow::Result<Catalog> {
    let library = sound(scripts)?;
    let Some((path, _)) = library.files().find(|(_, script)| script.name == name) else {
        let near = did_you_mean(name, library.files().map(|(_, script)| script.name.as_str()));
        bail!("There is no script `{name}`{}{near}", if near.is_empty() { "." } else { ": " });
    };
    let mut template = translate::template(&library, scripts);
    template.entries.retain(|entry| entry.belongs_to(path.trim_end_matches(".yaml")));
    Ok(template)
}

fn sound(scripts: &[PromptFile]) -> anyhow::Result<Library> {
    let (library, report) = Library::load(scripts);
    let (errors, s) = (report.errors(), if report.errors() == 1 { "" } else { "s" });
    library.with_context(|| {
        format!("The scripts have {errors} error{s}, and nothing was changed. Run `goldseam scripts check`, mend them first.")
    })
}

fn catalog(file: &PromptFile) -> anyhow::Result<Catalog> {
    let (catalog, faults) = Catalog::parse(&file.text);
    if let Some(fault) = faults.first() {
        let line = file.text[..fault.span.start].matches('\n').count() + 1;
        bail!("{}:{line}: {}. Mend it first, so that nothing is lost.", file.path, fault.message);
    }
    Ok(catalog)
}

fn merge(languages: &[String], dir: &Path) -> anyhow::Result<()> {
    let (scripts, catalogs) = read(Some(dir))?;
    let template = template(&scripts)?;
    let mut tags: Vec<String> = languages.iter().map(|tag| tag_of(tag)).collect::<anyhow::Result<_>>()?;
    if tags.is_empty() {
        tags = catalogs.iter().map(|(tag, _)| tag.clone()).collect();
    }
    if tags.is_empty() {
        bail!("There is no language yet. Name one to begin it: goldseam scripts i18n merge es");
    }
    for tag in tags {
        let old = match catalogs.iter().find(|(known, _)| *known == tag) {
            Some((_, file)) => catalog(file)?,
            None => Catalog::default(),
        };
        let merged = translate::merge(&tag, &old, &template);
        let folder = dir.join("languages").join(&tag);
        let path = folder.join("texts.po");
        let text = merged.write();
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &text));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        print!("{}", told(&path, &text, &template));
    }
    Ok(())
}

fn tag_of(text: &str) -> anyhow::Result<String> {
    translate::tag(text).with_context(|| format!("`{text}` is not the tag of a language: es, de, pt-br"))
}

/// What became of a file: how far it is, and every text that somebody has to look at.
fn told(path: &Path, text: &str, template: &Catalog) -> String {
    let status = translate::status(&Catalog::parse(text).0, template);
    let mut told = format!("{}: {}\n", path.display(), sentence(&status));
    if !status.fuzzy.is_empty() {
        told += "Fuzzy texts were edited since they were translated. Look at each, mend its `msgstr`, and delete the line `#, fuzzy`.\n\
                 Until then they are said in the language of the scripts:\n";
    }
    status.fuzzy.iter().for_each(|one| told += &format!("   {}\n", row(one, path, text)));
    if !status.missing.is_empty() {
        told += "`goldseam scripts i18n status SCRIPT` lists what is missing in one script.\n";
    }
    told
}

/// "412 of 430 translated, 10 fuzzy, 8 missing"
fn sentence(status: &Status) -> String {
    let (fuzzy, missing) = (status.fuzzy.len(), status.missing.len());
    format!("{} of {} translated, {fuzzy} fuzzy, {missing} missing", status.translated, status.all)
}

/// The first words of a text that are shown, in characters.
const SHOWN: usize = 48;

/// "menu.yaml:20  prompts/languages/es/texts.po:112  What would you like to do?"
fn row(one: &Untranslated, path: &Path, text: &str) -> String {
    let words = one.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(SHOWN).collect();
    let dots = if short.len() < words.len() { "..." } else { "" };
    let line = one.at.map(|at| text[..text.floor_char_boundary(at)].matches('\n').count() + 1);
    let entry = line.map_or("not in texts.po yet".to_owned(), |line| format!("{}:{line}", path.display()));
    format!("{}  {entry}  {short}{dots}", one.place)
}

fn table(
    template: &Catalog,
    catalogs: &[(String, PromptFile)],
    folder: Option<&Path>,
    list: bool,
) -> anyhow::Result<String> {
    let mut shown = format!("{:<10} {:>10} {:>6} {:>8} {:>6}\n", "language", "translated", "fuzzy", "missing", "all");
    let mut places = String::new();
    for (tag, file) in catalogs {
        let status = translate::status(&catalog(file)?, template);
        let path = folder.map_or_else(|| PathBuf::from(&file.path), |folder| folder.join(&file.path));
        let (fuzzy, missing) = (status.fuzzy.len(), status.missing.len());
        shown += &format!("{tag:<10} {:>10} {fuzzy:>6} {missing:>8} {:>6}\n", status.translated, status.all);
        for (word, list) in [("fuzzy", &status.fuzzy), ("missing", &status.missing)] {
            list.iter().for_each(|one| places += &format!("{tag} {word:<7} {}\n", row(one, &path, &file.text)));
        }
    }
    if list && !places.is_empty() {
        shown += &format!("\n{places}");
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in prompts::shipped().into_iter().filter(|file| !file.path.starts_with("languages/")) {
            let path = folder.path().join(&file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.text).unwrap();
        }
        folder
    }

    fn status(folder: &Path) -> Vec<String> {
        let (files, catalogs) = read(Some(folder)).unwrap();
        let shown = table(&template(&files).unwrap(), &catalogs, Some(folder), true).unwrap();
        shown.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_language_is_begun_translated_and_kept_up_to_date() {
        let folder = folder();
        let menu = folder.path().join("menu.yaml");
        merge(&["pt_BR".into()], folder.path()).unwrap();
        let po = folder.path().join("languages/pt-br/texts.po");
        let begun = fs::read_to_string(&po).unwrap();
        let asked = "msgid \"What would you like to do?\"\nmsgstr \"";
        assert!(begun.contains("#: menu.yaml:") && begun.contains("Language: pt-br"), "{}", &begun[..400]);
        fs::write(&po, begun.replace(asked, &format!("{asked}O que deseja fazer?"))).unwrap();
        assert!(status(folder.path())[1].starts_with("pt-br 1 0 "), "{:?}", status(folder.path()));

        let edited =
            fs::read_to_string(&menu).unwrap().replace("What would you like to do?", "What would you like to do now?");
        fs::write(&menu, edited).unwrap();
        merge(&[], folder.path()).unwrap();
        let merged = fs::read_to_string(&po).unwrap();
        let kept = "#, fuzzy\n#| msgid \"What would you like to do?\"\nmsgctxt \"menu/pick\"\nmsgid \"What would you like to do now?\"\nmsgstr \"O que deseja fazer?\"\n";
        assert!(merged.contains(kept), "{merged}");
        assert!(status(folder.path()).iter().any(|line| line.starts_with("pt-br fuzzy menu.yaml:")));

        let template = template(&read(Some(folder.path())).unwrap().0).unwrap();
        let told = told(&po, &merged, &template);
        assert!(told.contains("1 fuzzy") && told.contains("delete the line `#, fuzzy`"), "{told}");
        let listed = told.lines().find(|line| line.starts_with("   menu.yaml:")).unwrap();
        assert!(listed.ends_with("What would you like to do now?"), "{listed}");
        let entry: usize = listed.split("texts.po:").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let there: Vec<&str> = merged.lines().skip(entry - 1).take(8).collect();
        assert!(there.contains(&"#, fuzzy") && there.contains(&"msgstr \"O que deseja fazer?\""), "{there:?}");

        fs::write(&po, merged.replace(kept, "msgid broken\n")).unwrap();
        let refused = merge(&[], folder.path()).unwrap_err().to_string();
        assert!(refused.contains("texts.po:") && refused.contains("Mend it first"), "{refused}");
        assert!(merge(&["../x".into()], folder.path()).is_err());

        fs::write(&menu, "script: menu\ntitle: [\n").unwrap();
        let refused = merge(&[], folder.path()).unwrap_err().to_string();
        assert!(refused.starts_with("The scripts have ") && refused.contains("nothing was changed"), "{refused}");
    }

    #[test]
    fn one_script_is_counted_and_listed_alone() {
        let (files, catalogs) = read(None).unwrap();
        let rest = template_of(&files, "rest").unwrap();
        assert!(
            rest.entries.len() > 5 && rest.entries.iter().all(|entry| entry.belongs_to("rest")),
            "{}",
            rest.write()
        );
        let shown = table(&rest, &catalogs, None, true).unwrap();
        assert!(shown.contains(&format!(" {}\n", rest.entries.len())), "{shown}");
        let refused = template_of(&files, "rset").unwrap_err().to_string();
        assert_eq!(refused, "There is no script `rset`: did you mean `rest`?");
    }

    #[test]
    fn what_is_shipped_is_counted_without_a_folder() {
        let (files, catalogs) = read(None).unwrap();
        let shown = table(&template(&files).unwrap(), &catalogs, None, false).unwrap();
        assert!(shown.starts_with("language"), "{shown}");
        assert!(template(&files).unwrap().write().contains("msgctxt \"welcome/consent\""));
    }
}
