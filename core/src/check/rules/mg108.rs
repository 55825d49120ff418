use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::order::Arrange as _;
use crate::spec::Text;
use crate::text::Spanned;

rule! {
    /// Two nodes, or two ports of one side of a node, are one and the same where a target calls them as the
    /// foreign file did. Names of nodes count as equal when they differ only in case or in the signs between
    /// letters, since most targets make labels of them.
    ///
    /// ## Why
    /// `externalName` keeps what a foreign file called a thing, so that an export meets the names that clients,
    /// dashboards and secrets use. Where two things bear one name the second silently replaces the first, or the
    /// server refuses both.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: review}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     draft: {role: generator, externalName: LLM_Service}
    ///     polish: {role: generator, externalName: llm-service}
    ///   edges:
    ///     - {from: inputs.question, to: draft.prompt}
    ///     - {from: draft.text, to: polish.prompt}
    ///     - {from: polish.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: review}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     draft: {role: generator, externalName: LLM_Service}
    ///     polish: {role: generator, externalName: LLM_Polish}
    ///   edges:
    ///     - {from: inputs.question, to: draft.prompt}
    ///     - {from: draft.text, to: polish.prompt}
    ///     - {from: polish.text, to: outputs.answer}
    /// ```
    "MG108", Warning, "two things have one external name", [Shape: Graph(check), Own: Node(ports)]
}

/// A thing and what a target would call it.
struct Called<'a> {
    /// What must differ.
    key: String,
    name: &'a Spanned<String>,
    external: Option<&'a Spanned<Text>>,
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let spec = &cx.graph.spec;
    if cx.has_external_names() {
        let nodes = spec.nodes().map(|node| {
            let external = node.value.external_name.as_ref();
            let key = label(external.map_or(&node.name.value, |name| &name.value.0));
            Called { key, name: &node.name, external }
        });
        collide(cx, None, nodes.collect(), found);
    }
}

fn ports(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.spec_of(ix) else { return };
        for ports in [&node.inputs, &node.outputs].into_iter().flatten() {
            if ports.value.iter().all(|port| port.value.external_name.is_none()) {
                continue;
            }
            let ports = ports.value.iter().map(|port| {
                let external = port.value.external_name.as_ref();
                let key = external.map_or(&port.name.value, |name| &name.value.0).clone();
                Called { key, name: &port.name, external }
            });
            collide(cx, Some(cx.graph.name(ix)), ports.collect(), found);
        }
}

fn collide(cx: &Context<'_>, of: Option<&str>, mut all: Vec<Called<'_>>, found: &mut Vec<Diagnostic>) {
    all.arrange_by(|a, b| a.key.cmp(&b.key));
    let pairs = all.iter().zip(all.iter().skip(1));
    for (one, other) in pairs.filter(|(one, other)| one.key == other.key) {
        let (kept, named) = if other.external.is_some() { (one, other) } else { (other, one) };
        let Some(external) = named.external else { continue };
        let path = |called: &Called<'_>| match of {
            Some(node) => format!("`{node}.{}`", called.name.value),
            None => format!("`{}`", called.name.value),
        };
        let (named_path, kept_path) = (path(named), path(kept));
        let message = format!(
            "{named_path} and {kept_path} are one where a target keeps the foreign name `{}`",
            external.value
        );
        let mut diagnostic = RULE
            .at(external.span, message)
            .relate(kept.external.map_or(kept.name.span, |name| name.span), format!("{kept_path} is called so too"))
            .with_help("give one of them another `externalName`");
        diagnostic = match of {
            Some(node) => diagnostic.on_port(node, &named.name.value),
            None => diagnostic.on_node(&named.name.value),
        };
        let own = match of {
            Some(_) => named.name.value.clone(),
            None => label(&named.name.value),
        };
        if all.binary_search_by(|called| called.key.as_str().cmp(&own)).is_err() {
            let name = &named.name.value;
            diagnostic.fixes.extend(fix::replace(cx, format!("Call it `{name}`"), external.span, name));
        }
        found.push(diagnostic);
    }
}

/// What most targets make of a name: small letters and digits, `-` between them.
fn label(name: &str) -> String {
    let plain = name.to_lowercase().replace(|sign: char| !sign.is_alphanumeric(), "-");
    plain.trim_matches('-').to_owned()
}
