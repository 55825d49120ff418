use std::collections::BTreeMap;

use modelspec_core::Analysis;
use modelspec_core::check::{Diagnostic, Severity};
use modelspec_core::edit::Item;
use modelspec_core::graph::Edge;
use modelspec_core::infer::Conflict;

/// What is wrong with something.
#[derive(Clone)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// In a few signs: `768 ≠ 1024`, or the rule's code.
    pub(super) label: String,
    /// In a sentence.
    pub(super) message: String,
    /// How many there are: errors, and warnings.
    pub(super) count: (usize, usize),
}

/// The gravest finding of each thing.
pub(super) struct Findings {
    pub(super) items: BTreeMap<Item, Finding>,
    pub(super) edges: BTreeMap<String, Finding>,
    conflicts: BTreeMap<u32, String>,
}

impl Findings {
    pub(super) fn new(analysis: &Analysis) -> Self {
        let mut found = Self {
            items: BTreeMap::new(),
            edges: BTreeMap::new(),
            conflicts: BTreeMap::new(),
        };
        for conflict in &analysis.typing.conflicts {
            found
                .conflicts
                .entry(conflict.edge.0)
                .or_insert_with(|| short(conflict));
        }
        for diagnostic in &analysis.diagnostics {
            if !matches!(diagnostic.severity, Severity::Error | Severity::Warning) {
                continue;
            }
            if let Some(edge) = &diagnostic.edge {
                keep(&mut found.edges, edge.clone(), diagnostic);
            }
            let item = match (diagnostic.node.as_deref(), &diagnostic.port) {
                (Some("inputs"), Some(port)) => Item::Input(port.clone()),
                (Some("outputs"), Some(port)) => Item::Output(port.clone()),
                (Some(node), _) => Item::Node(node.to_owned()),
                (None, _) => continue,
            };
            keep(&mut found.items, item, diagnostic);
        }
        found
    }

    pub(super) fn edge(&mut self, edge: &Edge, analysis: &Analysis) -> Option<Finding> {
        let conflict = self.conflicts.remove(&edge.ix.0);
        let mut finding = self.edges.remove(&edge.id).or_else(|| {
            // Types that differ are wrong even where no rule has a word for it.
            let label = conflict.clone()?;
            let (from, to) = edge.ports?;
            let graph = analysis.graph.as_ref()?;
            let message = super::connect::difference(analysis, from, to)?;
            let (from, to) = (graph.port_path(from), graph.port_path(to));
            Some(Finding {
                severity: Severity::Error,
                label,
                message: format!("{from} does not fit {to}: it {message}"),
                count: (1, 0),
            })
        })?;
        if let Some(label) = conflict {
            finding.label = label;
        }
        Some(finding)
    }
}

fn keep<K: Ord>(map: &mut BTreeMap<K, Finding>, key: K, diagnostic: &Diagnostic) {
    let error = usize::from(diagnostic.severity == Severity::Error);
    let finding = Finding {
        severity: diagnostic.severity,
        label: diagnostic.code.to_string(),
        message: diagnostic.message.clone(),
        count: (error, 1 - error),
    };
    let Some(known) = map.get_mut(&key) else {
        map.insert(key, finding);
        return;
    };
    let count = (known.count.0 + error, known.count.1 + 1 - error);
    if finding.severity > known.severity {
        *known = finding;
    }
    known.count = count;
}

/// A conflict in a few signs.
fn short(conflict: &Conflict) -> String {
    let sign = if conflict
        .slot
        .param
        .is_some_and(modelspec_core::graph::Param::is_bound)
    {
        ">"
    } else {
        "≠"
    };
    let side = |text: String| -> String {
        // A model's name is known by its end.
        let last = text.rsplit('/').next().unwrap_or_default();
        if last.chars().count() > 18 {
            let mut start: String = last.chars().take(16).collect();
            start.push('…');
            start
        } else {
            last.to_owned()
        }
    };
    let (given, taken) = (conflict.given.to_string(), conflict.taken.to_string());
    format!("{} {sign} {}", side(given), side(taken))
}
