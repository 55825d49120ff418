use crate::check::{Context, Diagnostic};
use crate::graph::NodeIx;
use crate::text::Span;

rule! {
    /// An image or a model is named by something that moves: no tag, `latest`, `main` and the like. An image with a
    /// digest is pinned whatever its tag. A model without any revision states none, and none is judged.
    ///
    /// ## Why
    /// What runs after the next restart is not what was tested. An embedder that moves to a new revision under the
    /// same name makes an index useless overnight, and nothing in the deployment has changed.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator: {role: generator, serving: {engine: vllm, image: "vllm/vllm-openai:latest"}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator: {role: generator, serving: {engine: vllm, image: "vllm/vllm-openai:v0.19.0"}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG601", Warning, "floating image tag or model revision", [Own: Node(check)]
}

/// What tags and branches that move are called.
const FLOATING: &[&str] = &[
    "latest", "main", "master", "head", "stable", "edge", "nightly", "dev", "develop", "development", "canary",
    "rolling", "current", "next", "lts", "trunk",
];

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    let Some(stated) = cx.graph.spec_of(ix) else { return };
    let name = &node.name;
    let mut tell = |span: Span, message: String, help: &str| {
        found.push(RULE.at(span, message).on_node(name).with_help(help));
    };
    let serving = stated.serving.as_ref();
    let image = serving.and_then(|serving| serving.image.as_ref());
    if let Some(image) = image.filter(|_| serving.is_some_and(|serving| serving.digest.is_none())) {
        let help = "state the version that was tested, or the image's `digest`";
        match tag(&image.value) {
            Some("") => {
                let message = format!("the image `{}` of `{name}` has no tag, so it is the latest", image.value);
                tell(image.span, message, help);
            }
            Some(tag) if floats(tag) => {
                let message = format!("the image `{}` of `{name}` is whatever `{tag}` is that day", image.value);
                tell(image.span, message, help);
            }
            _ => {}
        }
    }
    let revisions = [
        stated.model.as_ref().and_then(|model| model.revision.as_ref()),
        stated.index.as_ref().and_then(|index| index.revision.as_ref()),
    ];
    for revision in revisions.into_iter().flatten() {
        let word = revision.value.rsplit('/').next().unwrap_or("");
        if floats(word) {
            let message = format!("`{name}` runs whatever revision `{}` is that day", revision.value);
            tell(revision.span, message, "state the commit");
        }
    }
}

fn floats(word: &str) -> bool {
    FLOATING.iter().any(|floating| word.eq_ignore_ascii_case(floating))
}

/// The tag of an image, empty where it has none; `None` where a digest pins it.
fn tag(image: &str) -> Option<&str> {
    if image.contains('@') {
        return None;
    }
    // A colon before the last `/` is that of a port.
    let last = image.rsplit('/').next().unwrap_or(image);
    Some(last.split_once(':').map_or("", |(_, tag)| tag))
}

#[cfg(test)]
mod tests {
    use super::tag;

    #[test]
    fn the_port_of_a_registry_is_no_tag() {
        assert_eq!(tag("registry.example:5000/team/server"), Some(""));
        assert_eq!(tag("registry.example:5000/team/server:v1"), Some("v1"));
        assert_eq!(tag("server@sha256:00"), None);
    }
}
