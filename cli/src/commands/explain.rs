use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use modelspec_core::check::{RULES, Rule, rule};
use modelspec_core::diff;
use modelspec_core::export::TARGETS;
use modelspec_core::spec::nearest;

use crate::{Failure, Outcome, print};

/// Print a rule's page: what it finds, why, and an example that fails with its mending; or what
/// an export or a difference tells of under a code.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule's code, such as MG301; all rules are listed without one.
    code: Option<String>,
    /// Print every page; with --output, write one Markdown file a rule and an index.
    #[arg(long, conflicts_with = "code")]
    all: bool,
    /// The folder for the pages.
    #[arg(short, long, value_name = "DIR", requires = "all")]
    output: Option<PathBuf>,
}

impl Explain {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
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
