use crate::check::{Context, Diagnostic};
use crate::graph::NodeIx;
use crate::spec::Use;

rule! {
    /// A model's licence does not allow what the graph is declared to be for (`spec.use`): a licence for
    /// non-commercial use in something that is sold, or one for research only in any product.
    ///
    /// ## Why
    /// The licence of a model is read once, when it is tried out, and forgotten when the prototype becomes the
    /// product. Some of the best-known embedders and rerankers may not be used in one.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   use: commercial
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator: {role: generator, model: {id: team/writer, license: cc-by-nc-4.0}}
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
    ///   use: commercial
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator: {role: generator, model: {id: team/writer, license: apache-2.0}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG602", Warning, "a licence does not allow the declared use", [Own: Node(check)]
}

/// What a licence is for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Allows {
    Research,
    NonCommercial,
    All,
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(usage) = cx.graph.spec.body().and_then(|body| body.usage) else { return };
    let needed = match usage.value {
        Use::Research => return,
        Use::Internal => Allows::NonCommercial,
        Use::Commercial => Allows::All,
    };
    let model = cx.graph.spec_of(ix).and_then(|node| node.model.as_ref());
    let Some(license) = model.and_then(|model| model.license.as_ref()) else { return };
    let allowed = allows(&license.value);
    if allowed >= needed {
        return;
    }
    let only = if allowed == Allows::Research { "research only" } else { "non-commercial use only" };
    let name = cx.graph.name(ix);
    let message = format!(
        "the model of `{name}` is under `{}`, for {only}, and the graph is for `{}` use",
        license.value, usage.value
    );
    let help = "take a model under another licence, or get one; where you have, state it with a reason under `checks`";
    let diagnostic = RULE.at(license.span, message).on_node(name).with_help(help);
    found.push(diagnostic.relate(usage.span, "what the graph is for is stated here"));
}

/// What a licence allows, by the words of its name; of several to choose from the best. One that the words do not
/// tell allows all, as far as is known.
fn allows(license: &str) -> Allows {
    let lower = license.to_lowercase();
    let choices = lower.split(" or ").map(|choice| {
        let words: Vec<&str> = choice.split(|sign: char| !sign.is_alphanumeric()).collect();
        let has = |word: &str| words.contains(&word);
        let pair = |one: &str, two: &str| words.windows(2).any(|pair| pair == [one, two]);
        if has("research") || has("mrl") || has("mnpl") || pair("non", "production") {
            Allows::Research
        } else if has("nc") || has("noncommercial") || pair("non", "commercial") {
            Allows::NonCommercial
        } else {
            Allows::All
        }
    });
    choices.max().unwrap_or(Allows::All)
}

#[cfg(test)]
mod tests {
    use super::{Allows, allows};

    #[test]
    fn a_licence_is_told_by_its_words() {
        let cases = [
            ("MIT", Allows::All),
            ("llama3.1", Allows::All),
            ("CC-BY-NC-SA-4.0", Allows::NonCommercial),
            ("PolyForm-Noncommercial-1.0.0", Allows::NonCommercial),
            ("CC-BY-NC-4.0 OR Apache-2.0", Allows::All),
            ("mistral-ai-research-licence", Allows::Research),
            ("MRL-0.1", Allows::Research),
            ("ncsa", Allows::All),
        ];
        for (license, allowed) in cases {
            assert_eq!(allows(license), allowed, "{license}");
        }
    }
}
