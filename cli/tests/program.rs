//! The built program, as a terminal or a CI job runs it.
#![allow(missing_docs)]

mod built;

use built::{example, modelspec, stdout};

fn broken() -> String {
    let text = std::fs::read_to_string(example("rag-guarded")).unwrap();
    text.replace(
        "query: {type: {kind: vector, dim: 1024",
        "query: {type: {kind: vector, dim: 768",
    )
}

#[test]
fn a_sound_graph_gives_zero() {
    let output = modelspec(
        &["check", "--fail-on", "warning", &example("rag-guarded")],
        "",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("1 file: 0 errors, 0 warnings"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_finding_names_both_values_in_every_format() {
    let sentence = "`embedder.vector` gives 1024 dimensions, `store.query` takes 768";
    for format in ["text", "json", "sarif", "github"] {
        let output = modelspec(&["check", "-", "--format", format], &broken());
        assert_eq!(output.status.code(), Some(1), "{format}");
        let text = stdout(&output);
        assert!(
            text.contains(sentence) && text.contains("MG301"),
            "{format}: {text}"
        );
    }
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let output = modelspec(&["check", "-", "--format", "json"], &broken());
    let items: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let item = items.iter().find(|item| item["code"] == "MG301").unwrap();
    let keys: Vec<&str> = item
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "code",
            "severity",
            "message",
            "file",
            "line",
            "column",
            "endLine",
            "endColumn",
            "node",
            "port",
            "related",
            "help",
            "fixes",
            "url"
        ]
    );
    assert_eq!(
        (&item["severity"], &item["file"]),
        (&"error".into(), &"<stdin>".into())
    );
    assert_eq!(
        (&item["node"], &item["port"]),
        (&"store".into(), &"query".into())
    );
    let line = usize::try_from(item["line"].as_u64().unwrap()).unwrap();
    let text = broken();
    let line = text.lines().nth(line - 1).unwrap();
    assert!(line.contains("to: store.query"), "{line}");
    for related in item["related"].as_array().unwrap() {
        assert!(
            related["line"].is_u64() && related["column"].is_u64(),
            "{related}"
        );
        assert!(related["message"].is_string(), "{related}");
    }
}

#[test]
fn fixes_are_applied_where_they_are_safe() {
    let text = broken()
        .replace("768", "1024")
        .replace("role: reranker\n      model", "role: rernaker\n      model");
    let output = modelspec(&["check", "-", "--fix"], &text);
    assert!(
        stdout(&output).contains("role: reranker"),
        "{}",
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

#[test]
fn what_cannot_be_read_gives_two_and_a_way_out() {
    let missing = modelspec(&["check", "no-such-file.yaml"], "");
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("no-such-file.yaml"));
    let folder = std::env::temp_dir().join(format!("modelspec-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let binary = folder.join("binary.yaml");
    std::fs::write(&binary, [0x6b, 0x3a, 0xff]).unwrap();
    let output = modelspec(&["check", &binary.to_string_lossy()], "");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(2) && said.contains("byte 2 is not UTF-8"),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(modelspec(&["check"], "").status.code(), Some(2));
    // A document with syntax errors is a finding, not a failure.
    assert_eq!(modelspec(&["check", "-"], "a: [").status.code(), Some(1));
}

#[test]
fn a_rule_is_explained() {
    let output = modelspec(&["explain", "mg301"], "");
    let page = stdout(&output);
    assert!(
        page.starts_with("# MG301:") && page.contains("## Fails"),
        "{page}"
    );
    let output = modelspec(&["explain", "MG3O1"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean MG301?"));
}

#[test]
fn inference_is_explained() {
    let output = modelspec(&["check", "-", "--explain-inference"], &broken());
    let text = stdout(&output);
    assert!(text.contains("by its edge with"), "{text}");
}

#[test]
fn schema_prints_the_published_schema() {
    let output = modelspec(&["schema"], "");
    assert_eq!(output.status.code(), Some(0));
    let published = include_str!("../../public/schema/modelgraph.v1alpha1.json");
    assert!(stdout(&output) == published);
}

#[test]
fn fmt_writes_the_canonical_form_and_check_only_names_files() {
    let path = std::env::temp_dir().join(format!("modelspec-fmt-{}.yaml", std::process::id()));
    let name = path.display().to_string();
    std::fs::copy(example("rag"), &path).unwrap();
    let before = std::fs::read_to_string(&path).unwrap();

    let output = modelspec(&["fmt", "--check", &name], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), format!("{name}\n"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), before);

    let output = modelspec(&["fmt", &name], "");
    assert_eq!(output.status.code(), Some(0));
    let after = std::fs::read_to_string(&path).unwrap();
    assert_ne!(after, before);
    let output = modelspec(&["fmt", "--check", &name], "");
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), String::new())
    );
    assert_eq!(stdout(&modelspec(&["fmt", "-"], &before)), after);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn fmt_refuses_what_it_cannot_read_whole() {
    let text =
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec: {nodse: {a: {role: tool}}}\n";
    let output = modelspec(&["fmt", "-"], text);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(1), String::new())
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("MG002") && said.contains("did you mean `nodes`?"),
        "{said}"
    );
    let output = modelspec(&["fmt", "--upgrade", "-"], text);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("  nodes:\n    a:\n      role: tool\n"));
}

#[test]
fn sarif_names_the_rule_of_each_result_and_every_place() {
    let output = modelspec(&["check", "-", "--format", "sarif"], &broken());
    let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        let page = format!("/docs/rules/{}.md", rule["id"].as_str().unwrap());
        assert!(rule["helpUri"].as_str().unwrap().ends_with(&page), "{rule}");
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
    }
    let results = run["results"].as_array().unwrap();
    let wide = |place: &serde_json::Value| {
        let region = &place["physicalLocation"]["region"];
        ["startLine", "startColumn", "endLine", "endColumn"]
            .map(|key| region[key].as_u64().unwrap())
    };
    for result in results {
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result}"
        );
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let related = result["relatedLocations"].as_array().unwrap();
        for place in result["locations"]
            .as_array()
            .unwrap()
            .iter()
            .chain(related)
        {
            let [line, column, end_line, end_column] = wide(place);
            assert!(line >= 1 && column >= 1, "{place}");
            assert!((line, column) <= (end_line, end_column), "{place}");
            let file = &place["physicalLocation"]["artifactLocation"]["uri"];
            assert_eq!(file, "%3Cstdin%3E");
        }
        let print = result["partialFingerprints"]["finding/v1"]
            .as_str()
            .unwrap();
        assert_eq!(print.len(), 64);
    }
    let wrong = results
        .iter()
        .find(|result| result["ruleId"] == "MG301")
        .unwrap();
    assert!(
        !wrong["relatedLocations"].as_array().unwrap().is_empty(),
        "{wrong}"
    );
}
