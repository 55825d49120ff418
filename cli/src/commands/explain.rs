use clap::Args;
use modelspec_core::check::{RULES, rule};
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
}

impl Explain {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
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
        let severity = rule.severity.word();
        print(&format!(
            "# {}: {} ({severity})\n\n{}",
            rule.code,
            rule.title,
            rule.markdown()
        ))?;
        Ok(Outcome::Fine)
    }
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
