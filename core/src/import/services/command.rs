//! What the arguments and variables of known programs say.

use serde_json::json;

use super::programs::Program;
use super::{Draft, Service};
use crate::spec::Role;

/// A command line as a shell takes it apart; what stands in quotes stays together.
pub(in crate::import) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(found) = chars.next() {
        match (quote, found) {
            (Some(open), _) if found == open => quote = None,
            (Some('"') | None, '\\') => {
                if let Some(next) = chars.next().filter(|next| *next != '\n') {
                    word.get_or_insert_default().push(next);
                }
            }
            (Some(_), _) => word.get_or_insert_default().push(found),
            (None, '"' | '\'') => {
                quote = Some(found);
                word.get_or_insert_default();
            }
            (None, _) if found.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(found),
        }
    }
    words.extend(word);
    words
}

/// The value of the first of some flags: `--flag value` or `--flag=value`.
fn flag<'a>(arguments: &'a [String], names: &[&str]) -> Option<&'a str> {
    for (at, argument) in arguments.iter().enumerate() {
        if let Some((name, value)) = argument.split_once('=')
            && names.contains(&name)
        {
            return Some(value);
        }
        if names.contains(&argument.as_str()) {
            let value = arguments.get(at.saturating_add(1))?;
            return Some(value)
                .filter(|value| !value.starts_with("--"))
                .map(String::as_str);
        }
    }
    None
}

fn variable<'a>(service: &'a Service, names: &[&str]) -> Option<&'a str> {
    let of = |(name, _): &&(String, String)| names.contains(&name.as_str());
    service
        .variables
        .iter()
        .find(of)
        .map(|(_, value)| value.as_str())
}

/// States what a program was told of its model and limits.
pub(in crate::import) fn settings(
    service: &Service,
    program: &Program,
    node: &str,
    draft: &mut Draft,
) {
    if program.store || (program.engine.is_none() && program.role.is_none()) {
        return;
    }
    // What a variable would fill is not known.
    let plain = |value: &&str| !value.is_empty() && !value.contains(['$', '{']);
    let arguments = &service.arguments;
    let served = || {
        let at = arguments.iter().position(|argument| argument == "serve")?;
        let next = arguments.get(at.saturating_add(1))?;
        Some(next.as_str()).filter(|next| !next.starts_with('-'))
    };
    let of_role = match program.role {
        Some(Role::Embedder) => "EMBEDDING_MODEL_ID",
        Some(Role::Reranker) => "RERANK_MODEL_ID",
        _ => "LLM_MODEL_ID",
    };
    let model = flag(arguments, &["--model-id", "--model", "--model-path", "-m"])
        .or_else(served)
        .or_else(|| variable(service, &["MODEL_ID", "MODEL", of_role]));
    if let Some(model) = model.filter(plain) {
        draft.put(node, &["model", "id"], model);
    }
    if let Some(revision) = flag(arguments, &["--revision"]).filter(plain) {
        draft.put(node, &["model", "revision"], revision);
    }
    let precision = flag(arguments, &["--dtype"]).and_then(|dtype| {
        Some(match dtype {
            "bfloat16" => "bf16",
            "float16" | "half" => "fp16",
            "float32" | "float" => "fp32",
            _ => return None,
        })
    });
    if let Some(precision) = precision {
        draft.put(node, &["model", "precision"], precision);
    }
    let count = |names: &[&str]| {
        let count: u32 = flag(arguments, names)?.parse().ok()?;
        Some(count).filter(|count| *count > 0)
    };
    if let Some(length) = count(&["--max-model-len", "--max-total-tokens", "--context-length"]) {
        draft.put(node, &["limits", "maxModelLen"], length);
    }
    if let Some(degree) = count(&["--tensor-parallel-size", "-tp", "--num-shard", "--tp-size"]) {
        draft.put(node, &["placement", "gpusPerReplica"], degree);
    }
    if let Some(sequences) = count(&["--max-num-seqs", "--max-running-requests"]) {
        let mut continuous = json!({"maxSequences": sequences});
        if let (Some(tokens), Some(map)) = (
            count(&["--max-num-batched-tokens"]),
            continuous.as_object_mut(),
        ) {
            map.insert("maxBatchedTokens".to_owned(), json!(tokens));
        }
        draft.put(
            node,
            &["placement", "batch"],
            json!({"continuous": continuous}),
        );
    }
    if program.engine == Some("tei") && arguments.iter().any(|it| it == "--auto-truncate") {
        draft.put(node, &["tokenizer", "overflow"], "truncate");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_as_a_shell_does() {
        assert_eq!(split("a  b\tc"), ["a", "b", "c"]);
        assert_eq!(
            split("a 'b c' \"d \\\" e\" f\\ g ''"),
            ["a", "b c", "d \" e", "f g", ""]
        );
        assert_eq!(
            split("--model x\\\n --port 1"),
            ["--model", "x", "--port", "1"]
        );
    }
}
