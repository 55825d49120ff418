//! The path of a request through steps whose roles are known.

use crate::import::Draft;
use crate::order::Arrange as _;
use crate::spec::Role;

/// Whether a role has its usual place between a question and its answer.
pub(in crate::import) const fn is_on_path(role: Role) -> bool {
    usual_place(role).is_some()
}

const fn usual_place(role: Role) -> Option<u8> {
    Some(match role {
        Role::Guardrail => 0,
        Role::Embedder => 1,
        Role::Retriever => 2,
        Role::Reranker => 3,
        Role::Generator => 4,
        Role::Postprocessor => 5,
        _ => return None,
    })
}

/// Steps in the order that is usual; of two of a role, those first that stand first.
pub(super) fn usual(mut steps: Vec<(String, Role)>) -> Vec<(String, Role)> {
    steps.arrange_by_key(|(_, role)| usual_place(*role));
    steps
}

/// Joins steps in their order: each takes, of what stands before it, the last that it can.
/// Side inputs come from the question. Gives the end of the last.
pub(in crate::import) fn chain(
    steps: &[(String, Role)],
    question: &str,
    draft: &mut Draft,
) -> String {
    let mut text = question.to_owned();
    let mut last = question.to_owned();
    let mut vector: Option<String> = None;
    let mut candidates: Option<String> = None;
    for (node, role) in steps {
        match role {
            Role::Guardrail => {
                draft.edge(&text, &format!("{node}.text"));
                text = format!("{node}.text");
                last.clone_from(&text);
            }
            Role::Embedder => {
                draft.edge(&text, &format!("{node}.text"));
                last = format!("{node}.vector");
                vector = Some(last.clone());
            }
            Role::Retriever => {
                let query = vector.clone().unwrap_or_else(|| last.clone());
                draft.edge(&query, &format!("{node}.query"));
                last = format!("{node}.hits");
                candidates = Some(last.clone());
            }
            Role::Reranker => {
                draft.edge(&text, &format!("{node}.query"));
                let hits = candidates.clone().unwrap_or_else(|| last.clone());
                draft.edge(&hits, &format!("{node}.candidates"));
                last = format!("{node}.ranked");
                candidates = Some(last.clone());
            }
            Role::Generator => {
                if let Some(candidates) = &candidates {
                    draft.edge(candidates, &format!("{node}.context"));
                }
                draft.edge(&text, &format!("{node}.prompt"));
                text = format!("{node}.text");
                last.clone_from(&text);
                candidates = None;
            }
            _ => {
                draft.edge(&last, &format!("{node}.in"));
                last = format!("{node}.out");
            }
        }
    }
    last
}
