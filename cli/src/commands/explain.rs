use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use modelspec_core::check::{RULES, Rule, rule};
use modelspec_core::diff;
use modelspec_core::export::{TARGETS, Target, words};
use modelspec_core::spec::nearest;

use crate::{Failure, Outcome, print};

/// Print a rule's page: what it finds, why, and an example that fails with its mending; or what
/// an export or a difference tells of under a code; or what a target of exports holds.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule's code, such as MG301, or a target's name, such as kserve; all rules are listed
    /// without one.
    code: Option<String>,
    /// Print every page; with --output, write one Markdown file a rule and an index.
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// The folder for the pages.
    #[arg(short, long, value_name = "DIR", requires = "all")]
    output: Option<PathBuf>,
    /// The pages of the targets of exports in place of the rules'.
    #[arg(long, requires = "all")]
    targets: bool,
}

impl Explain {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        if self.all && self.targets {
            let pages = || TARGETS.iter().map(|target| target_page(*target));
            match &self.output {
                Some(folder) => write_targets(folder)?,
                None => print(&pages().collect::<Vec<_>>().join("\n"))?,
            }
            return Ok(Outcome::Fine);
        }
        if self.all {
            match &self.output {
                Some(folder) => write(folder)?,
                None => print(
                    &RULES
                        .iter()
                        .map(|rule| page(rule))
                        .collect::<Vec<_>>()
                        .join("\n"),
                )?,
            }
            return Ok(Outcome::Fine);
        }
        let Some(code) = self.code else {
            let lines = RULES.iter().map(|rule| {
                format!(
                    "{}  {:7}  {}\n",
                    rule.code,
                    rule.severity.word(),
                    rule.title
                )
            });
            print(&lines.collect::<String>())?;
            return Ok(Outcome::Fine);
        };
        if let Some(kind) = diff::kind(&code) {
            let (id, class, title) = (kind.id, kind.class, kind.title);
            print(&format!(
                "# {id} ({class})\n\nA difference between two graphs: {title}. Set it to `off` under \
                 `checks` of the new document, with a reason, where it is meant.\n"
            ))?;
            return Ok(Outcome::Fine);
        }
        if let Some(page) = told(&code) {
            print(&page)?;
            return Ok(Outcome::Fine);
        }
        if let Some(target) = TARGETS.iter().find(|target| target.name() == code) {
            print(&target_page(*target))?;
            return Ok(Outcome::Fine);
        }
        let Some(rule) = rule(&code) else {
            let near = nearest(&code.to_uppercase(), RULES.iter().map(|rule| rule.code.0));
            let hint = near.map_or_else(
                || "`modelspec explain` lists them".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            return Err(Failure(format!("there is no rule {code}; {hint}")));
        };
        print(&page(rule))?;
        Ok(Outcome::Fine)
    }
}

fn page(rule: &Rule) -> String {
    let (code, title, severity) = (rule.code, rule.title, rule.severity.word());
    format!("# {code}: {title} ({severity})\n\n{}", rule.markdown())
}

/// Writes every rule's page and their index.
fn write(folder: &Path) -> Result<(), Failure> {
    let save = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| Failure(format!("{}: {error}", path.display())))
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    for rule in RULES {
        save(&format!("{}.md", rule.code), &page(rule))?;
    }
    save("README.md", &index())
}

/// What a target holds of a graph, and what it tells of.
fn target_page(target: &dyn Target) -> String {
    let (name, title) = (target.name(), target.title());
    let mut text = format!(
        "# {title}\n\n{}.\n\n```sh\nmodelspec export {name} graph.modelspec.yaml -o deploy/\n```\n",
        target.about()
    );
    let list = |text: &mut String, words: &[&str]| {
        for word in words {
            let _ = writeln!(text, "- `{word}`");
        }
    };
    text.push_str("\n## Words that it says\n\n`*` is any name, or any place of a list.\n\n");
    let said = target.words();
    list(&mut text, &said);
    text.push_str("\n## Words that it cannot say\n\n");
    let unsaid = words::unsaid(&said);
    list(
        &mut text,
        &unsaid.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    text.push_str(
        "\n## What it tells of\n\nA loss that stops needs `--accept` with its code, and then stands \
         in the header of every file.\n\n| code | about | stops |\n|---|---|---|\n",
    );
    for kind in target.kinds() {
        let stops = if kind.stops { "yes" } else { "" };
        let _ = writeln!(text, "| {} | {} | {stops} |", kind.code, kind.title);
    }
    text
}

/// Writes every target's page and their index.
fn write_targets(folder: &Path) -> Result<(), Failure> {
    let save = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| Failure(format!("{}: {error}", path.display())))
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure(format!("{}: {error}", folder.display())))?;
    let mut index = String::from(
        "# Targets\n\nWritten by `modelspec explain --all --targets --output docs/targets` from the \
         targets themselves.\n\n| target | what it writes |\n|---|---|\n",
    );
    for target in TARGETS {
        let (name, about) = (target.name(), target.about());
        save(&format!("{name}.md"), &target_page(*target))?;
        let _ = writeln!(index, "| [{name}]({name}.md) | {about} |");
    }
    save("README.md", &index)
}

/// The rules and the kinds of difference, each with what it says.
fn index() -> String {
    let mut text = String::from(
        "# Rules\n\nWritten by `modelspec explain --all --output docs/rules` from the rules \
         themselves.\nA document sets the severity of a rule under `checks`, with a reason.\n\n\
         | rule | what it finds | severity |\n|---|---|---|\n",
    );
    for rule in RULES {
        let (code, title, severity) = (rule.code, rule.title, rule.severity);
        let _ = writeln!(text, "| [{code}]({code}.md) | {title} | {severity} |");
    }
    text.push_str(
        "\n# Differences\n\nWhat `modelspec diff` tells of two graphs, the worst class first.\n\n\
         | difference | what it means | class |\n|---|---|---|\n",
    );
    for kind in diff::KINDS {
        let _ = writeln!(text, "| {} | {} | {} |", kind.id, kind.title, kind.class);
    }
    text
}

/// What a loss or an assumption of an export is about.
fn told(code: &str) -> Option<String> {
    TARGETS.iter().find_map(|target| {
        let mut kinds = target.kinds().iter();
        let kind = kinds.find(|kind| kind.code.eq_ignore_ascii_case(code))?;
        let (name, code) = (target.name(), kind.code);
        let weight = if kind.stops {
            format!(
                "It changes safety or correctness: the export stops unless \
                 `modelspec export {name} --accept {code}` accepts it, and then says so in the \
                 header of every file."
            )
        } else {
            "It is told at each export, which goes on.".to_owned()
        };
        Some(format!("# {code}: {}\n\n{weight}\n", kind.title))
    })
}
