//! What stands at the beginning of every file.

use std::collections::{BTreeMap, BTreeSet};

use super::{Artifacts, Note, Subject};

/// Nodes that are named of those that share a loss.
const NAMED: usize = 3;

/// Begins each file with the graph's name, version and digest, and with what was accepted.
pub(super) fn add(artifacts: &mut Artifacts, subject: &Subject<'_>, target: &str) {
    let mut lines = vec![match subject.version {
        Some(version) => format!("{} {version}", subject.name),
        None => subject.name.to_owned(),
    }];
    lines.push(subject.digest.to_string());
    lines.push(format!(
        "Written by `modelspec export {target}` from this graph: change the graph, then export again."
    ));
    // What the digest is of does not say it.
    lines.extend(
        subject
            .chosen
            .map(|chosen| format!("Chosen, not stated: {}", chosen.origin)),
    );
    lines.extend(accepted(&artifacts.losses));
    let lines: Vec<String> = lines.iter().map(|line| harmless(line)).collect();
    for file in &mut artifacts.files {
        let Some((before, behind)) = file.language.comment() else {
            continue;
        };
        let header: String = lines
            .iter()
            .flat_map(|line| [before, line, behind, "\n"])
            .collect();
        let at = match file.text.find('\n') {
            Some(end) if file.text.starts_with("#!") => end.saturating_add(1),
            _ => 0,
        };
        file.text.insert_str(at, &header);
    }
}

/// A line for each kind of loss that was accepted. It stands in every file: a loss that a thousand
/// nodes share is told once, with the first of them.
fn accepted(losses: &[Note]) -> Vec<String> {
    let mut kinds: BTreeMap<&str, Vec<&Note>> = BTreeMap::new();
    for loss in losses.iter().filter(|loss| loss.kind.stops) {
        kinds.entry(loss.kind.code).or_default().push(loss);
    }
    let line = |(code, losses): (&str, Vec<&Note>)| match losses.as_slice() {
        [loss] => format!("Accepted loss {code}: {}", loss.message),
        [first, ..] => {
            let (title, count) = (first.kind.title, losses.len());
            format!(
                "Accepted loss {code}, {count} times: {title}{}",
                named(&losses)
            )
        }
        [] => String::new(),
    };
    kinds.into_iter().map(line).collect()
}

fn named(losses: &[&Note]) -> String {
    let nodes: BTreeSet<&str> = losses
        .iter()
        .filter_map(|loss| loss.node.as_deref())
        .collect();
    let mut first = Vec::new();
    for node in losses.iter().filter_map(|loss| loss.node.as_deref()) {
        if first.len() < NAMED && !first.contains(&node) {
            first.push(node);
        }
    }
    let more = match nodes.len().saturating_sub(first.len()) {
        0 => String::new(),
        1 => " and another".to_owned(),
        more => format!(" and {more} others"),
    };
    let first: Vec<String> = first.iter().map(|node| format!("`{node}`")).collect();
    if first.is_empty() {
        return String::new();
    }
    format!(": {}{more}", first.join(", "))
}

/// A name may hold what would end the line, or the comment.
fn harmless(line: &str) -> String {
    // In a chart's template two braces would begin an action.
    let whole = line.replace("--", "\u{2010}\u{2010}").replace("{{", "{ {");
    whole.replace(is_line_break, " ")
}

fn is_line_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Kind;
    use crate::text::Span;

    static SIDE: Kind = Kind::stopping("TG-X-SIDE", "Side inputs");
    static SHAPE: Kind = Kind::stopping("TG-X-SHAPE", "Graphs of another shape");
    static TOLD: Kind = Kind::told("TG-X-TOLD", "What stops nothing");

    #[test]
    fn a_loss_that_many_share_is_one_line() {
        let mut artifacts = Artifacts::default();
        artifacts.lose(&SHAPE, None, Span::default(), "the ways cross");
        artifacts.lose(&TOLD, Some("a"), Span::default(), "`a` waits");
        for node in ["b", "b", "a", "c", "d", "e"] {
            artifacts.lose(&SIDE, Some(node), Span::default(), "it is lost");
        }
        assert_eq!(
            accepted(&artifacts.losses),
            [
                "Accepted loss TG-X-SHAPE: the ways cross",
                "Accepted loss TG-X-SIDE, 6 times: Side inputs: `b`, `a`, `c` and 2 others",
            ]
        );
    }

    #[test]
    fn a_line_stays_one_line_of_comment() {
        assert_eq!(harmless("a\n--> b\u{2028}c"), "a \u{2010}\u{2010}> b c");
    }
}
