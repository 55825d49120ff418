use super::{Context, Diagnostic, Severity};
use crate::spec::{ByRule, CheckSetting, Map};
use crate::text::Spanned;

type Settings<'a> = Option<&'a Spanned<Map<ByRule, CheckSetting>>>;

/// Applies `checks` of edge, node and graph, the nearest first; what is off is dropped.
pub(super) fn apply(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for diagnostic in found.iter_mut() {
        let code = diagnostic.code.0;
        let stated = |settings: Settings<'_>| settings?.get(code)?.severity.map(|s| s.value);
        let spec = cx.graph.spec.body();
        let edge = diagnostic.edge.as_ref().and_then(|id| {
            let edge = cx.graph.edges.iter().find(|edge| edge.id == *id)?;
            stated(cx.graph.edge_spec(edge.ix)?.checks.as_ref())
        });
        let node = diagnostic
            .node
            .as_ref()
            .and_then(|name| stated(cx.graph.spec_of(cx.graph.find(name)?)?.checks.as_ref()));
        let graph = spec.and_then(|spec| stated(spec.checks.as_ref()));
        if let Some(severity) = edge.or(node).or(graph) {
            diagnostic.severity = severity;
        }
    }
    found.retain(|diagnostic| diagnostic.severity != Severity::Off);
}
